import { AsyncLocalStorage } from 'node:async_hooks';
import { writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { cutText } from '../../base/cut-text.ts';
import { messageOf } from '../../base/errors.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import type { OwnEnd } from '../wire/own-end.ts';
import { KIND } from '../wire/wire.ts';

const CONTROL_FD = 4;
const MOST_CHARACTERS = 8192;
/**
 * Signals whose default action does not end or stop a process, and those that the main thread handles (SIGINT,
 * SIGTERM).
 */
const HARMLESS: ReadonlySet<unknown> = new Set([
  0,
  'SIGINT',
  'SIGTERM',
  2,
  15,
  'SIGCONT',
  'SIGCHLD',
  'SIGWINCH',
  'SIGURG',
]);

/**
 * Notifies the gateway before the model's code ends the process: by an uncaught error, by `process.exit`, or by a
 * signal to itself. The notice is written from this thread before the end, and names the batch whose code runs.
 * Timers and promises carry that batch, so that an end that one input caused later is not attributed to another. An
 * end without JavaScript (native code, a signal from a child process) cannot be reported.
 */
export class ComputeEnd {
  readonly #batches = new AsyncLocalStorage<number>();
  #incarnation = 0;
  #isTold = false;

  /** Call before the model's code is imported, because it may keep references to the unpatched functions. */
  watch(): void {
    process.on('uncaughtException', (caught: unknown, origin) => {
      const what = origin === 'unhandledRejection' ? 'unhandled promise rejection' : 'uncaught error';
      const stack = stackOf(caught);
      this.#tell({ text: `${what}: ${messageOf(caught)}`, stack });
      console.error(`${what}: ${stack}`);
      process.exit(1);
    });
    process.on('exit', (code) => this.#tell({ text: `the model's code called process.exit(${code})` }));
    const kill = process.kill.bind(process);
    process.kill = (pid, signal = 'SIGTERM') => {
      // 0 and the negative number mean the process group, which this process leads.
      const isOwn = pid === process.pid || pid === 0 || pid === -process.pid;
      if (isOwn && !HARMLESS.has(signal)) {
        this.#tell({ text: `the model's code sent ${signal} to its own process`, signal: String(signal) });
      }
      return kill(pid, signal);
    };
    syncBuiltinESMExports();
  }

  loaded(incarnation: number): void {
    this.#incarnation = incarnation;
  }

  /** Runs a batch so that timers and promises it leaves behind are attributed to it. */
  async during<T>(batch: number, run: () => Promise<T>): Promise<T> {
    return this.#batches.run(batch, run);
  }

  /** The gateway has told this process to exit, so its end is not reported. */
  leave(): void {
    this.#isTold = true;
  }

  #tell(end: OwnEnd): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const encoder = new FrameEncoder();
    const header = { flags: 0, slot: 0, incarnation: this.#incarnation, member: 0 };
    const batch = this.#batches.getStore() ?? 0;
    const text = cutText(end.text, MOST_CHARACTERS);
    const told =
      end.stack === undefined
        ? { ...end, text }
        : { ...end, text, stack: cutText(end.stack, MOST_CHARACTERS) };
    encoder.add({ ...header, kind: KIND.OWN_END, batch }, Buffer.from(JSON.stringify(told)), []);
    try {
      // Short enough to be written in one piece; the pipe otherwise holds only heartbeats.
      writeSync(CONTROL_FD, Buffer.concat(encoder.finish()));
    } catch {
      // The pipe is closed or full; the gateway then goes by the exit alone.
    }
  }
}

function stackOf(caught: unknown): string {
  try {
    return caught instanceof Error && typeof caught.stack === 'string' ? caught.stack : messageOf(caught);
  } catch {
    return messageOf(caught);
  }
}
