import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { type Pipe, StreamPipe } from './pipe.ts';

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

/** A process of the system, with its data pipe at 3 and its control pipe at 4. */
export class SystemChild implements ChildHandle {
  readonly data: Pipe;
  readonly control: Pipe;
  readonly #child: ChildProcess;
  readonly #oomKills: () => number;
  readonly #oomKillsBefore: number;

  /** `oomKills` counts processes of ours that the kernel has ended for want of memory. */
  constructor(child: ChildProcess, oomKills: () => number) {
    this.#child = child;
    this.data = new StreamPipe(child.stdio[3] as Duplex);
    this.control = new StreamPipe(child.stdio[4] as Duplex);
    this.#oomKills = oomKills;
    this.#oomKillsBefore = oomKills();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  whenEnded(ended: (end: ProcessEnd) => void): void {
    this.#child.once('exit', (code, signal) => {
      const wasOutOfMemory = signal === 'SIGKILL' && this.#oomKills() > this.#oomKillsBefore;
      ended({ code, signal, wasOutOfMemory, problem: '' });
    });
    // Only a child that never started reports an error; it has no exit.
    this.#child.once('error', (error) => {
      this.data.destroy();
      ended({ code: null, signal: null, wasOutOfMemory: false, problem: error.message });
    });
  }
}
