import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { DIRECT_FD } from '../wire/direct-pipe.ts';
import { type Pipe, StreamPipe } from '../wire/pipe.ts';
import { endProcessGroup, pipeOf } from './replica-process.ts';

/** How a process ended, as reported by the system. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The kernel ran out of memory in the meantime and ended a process of this server. */
  readonly wasOutOfMemory: boolean;
  /** Why it did not start; empty when it did. */
  readonly problem: string;
}

/** A replica's process as the gateway controls it: three pipes and an end. */
export interface ChildHandle {
  readonly data: Pipe;
  readonly control: Pipe;
  /** To and from its compute thread. */
  readonly direct: Pipe;
  /** Ends the process immediately. */
  kill(): void;
  /** Call once. `ended` is called once, never before this returns. */
  whenEnded(ended: (end: ProcessEnd) => void): void;
}

/** Time to read what a process wrote before its end. A pipe that stays open longer belongs to another process. */
const LAST_WORDS_MS = 1_000;

/** An operating-system process, with its data pipe at descriptor 3, its control pipe at 4 and its direct pipe at 5. */
export class SystemChild implements ChildHandle {
  readonly data: Pipe;
  readonly control: Pipe;
  readonly direct: Pipe;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #oomKills: () => number;
  readonly #oomKillsBefore: number;

  /** `oomKills` counts this server's processes that the kernel has ended for lack of memory. */
  constructor(child: ChildProcess, clock: Clock, oomKills: () => number) {
    this.#child = child;
    this.#clock = clock;
    this.data = new StreamPipe(child.stdio[3] as Duplex);
    this.control = new StreamPipe(child.stdio[4] as Duplex);
    this.direct = new StreamPipe(pipeOf(child, DIRECT_FD) as Duplex);
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
    // Only a child that failed to start emits `error`; it emits no exit.
    this.#child.once('error', (error) => {
      this.#closePipes();
      ended({ code: null, signal: null, wasOutOfMemory: false, problem: error.message });
    });
  }

  /** Also ends the processes that the model has started. One that has left the group may still hold the pipes. */
  #leaveNothing(): void {
    endProcessGroup(this.#child);
    const alarm = this.#clock.at(this.#clock.now() + LAST_WORDS_MS, () => this.#closePipes());
    this.#child.once('close', () => alarm.cancel());
  }

  #closePipes(): void {
    this.data.destroy();
    this.control.destroy();
    this.direct.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }
}
