import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { type Pipe, StreamPipe } from '../wire/pipe.ts';
import { endProcessGroup } from './replica-process.ts';

/** How a process ended, as the system tells it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The kernel ran out of memory meanwhile and ended a process of ours. */
  readonly wasOutOfMemory: boolean;
  /** Why it never started; empty when it did. */
  readonly problem: string;
}

/** A replica's process from outside: two pipes and an end. */
export interface ChildHandle {
  readonly data: Pipe;
  readonly control: Pipe;
  /** At once, whatever it is doing. */
  kill(): void;
  /** To be called once; `ended` is called once, never before this returns. */
  whenEnded(ended: (end: ProcessEnd) => void): void;
}

/** What a process has written before its end is read within this time; a pipe that is open longer is not its own. */
const LAST_WORDS_MS = 1_000;

/** A process of the system, with its data pipe at 3 and its control pipe at 4. */
export class SystemChild implements ChildHandle {
  readonly data: Pipe;
  readonly control: Pipe;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #oomKills: () => number;
  readonly #oomKillsBefore: number;

  /** `oomKills` counts processes of ours that the kernel has ended for want of memory. */
  constructor(child: ChildProcess, clock: Clock, oomKills: () => number) {
    this.#child = child;
    this.#clock = clock;
    this.data = new StreamPipe(child.stdio[3] as Duplex);
    this.control = new StreamPipe(child.stdio[4] as Duplex);
    this.#oomKills = oomKills;
    this.#oomKillsBefore = oomKills();
  }

  kill(): void {
    endProcessGroup(this.#child);
  }

  whenEnded(ended: (end: ProcessEnd) => void): void {
    this.#child.once('exit', (code, signal) => {
      const wasOutOfMemory = signal === 'SIGKILL' && this.#oomKills() > this.#oomKillsBefore;
      this.#leaveNothing();
      ended({ code, signal, wasOutOfMemory, problem: '' });
    });
    // Only a child that never started reports an error; it has no exit.
    this.#child.once('error', (error) => {
      this.#closePipes();
      ended({ code: null, signal: null, wasOutOfMemory: false, problem: error.message });
    });
  }

  /** What its model has started ends with it. A process that has left the group may still hold its pipes. */
  #leaveNothing(): void {
    endProcessGroup(this.#child);
    const alarm = this.#clock.at(this.#clock.now() + LAST_WORDS_MS, () => this.#closePipes());
    this.#child.once('close', () => alarm.cancel());
  }

  #closePipes(): void {
    this.data.destroy();
    this.control.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }
}
