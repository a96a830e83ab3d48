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
/** Signals that end or stop a process which does nothing about them; the main thread sees to SIGINT and SIGTERM. */
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
 * Tells the gateway when the model's code is about to end the process: by an error that nothing caught, by
 * `process.exit`, or by a signal to itself. The word leaves before the end comes, straight from this thread, and names
 * the batch in whose course the code runs: timers and promises remember it, so that an end which one input has left
 * behind is not blamed on another. What ends the process without JavaScript (native code, a signal that a child sends)
 * cannot be told.
 */
export class ComputeEnd {
  readonly #batches = new AsyncLocalStorage<number>();
  #incarnation = 0;
  #isTold = false;

  /** Must come before the model's code is imported, which may keep functions for itself. */
  watch(): void {
    process.on('uncaughtException', (caught: unknown, origin) => {
      const what =
        origin === 'unhandledRejection'
          ? 'a promise was rejected and nothing caught it'
          : 'an error was thrown and nothing caught it';
      const stack = stackOf(caught);
      this.#tell({ text: `${what}: ${messageOf(caught)}`, stack });
      console.error(`${what}: ${stack}`);
      process.exit(1);
    });
    process.on('exit', (code) => this.#tell({ text: `the model's code called process.exit(${code})` }));
    const kill = process.kill.bind(process);
    process.kill = (pid, signal = 'SIGTERM') => {
      // 0 and the negative number stand for the process group, which this process leads.
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

  /** Runs a batch so that everything it leaves behind is known to be its own. */
  async during<T>(batch: number, run: () => Promise<T>): Promise<T> {
    return this.#batches.run(batch, run);
  }

  /** The gateway wants this process to leave: its end is no news. */
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
      // Short, so that it goes in one piece; the pipe holds nothing else but heartbeats.
      writeSync(CONTROL_FD, Buffer.concat(encoder.finish()));
    } catch {
      // The pipe is closed or full: then the gateway judges by the end alone.
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
