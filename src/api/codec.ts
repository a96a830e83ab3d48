import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { messageOf, type Refusal, refuse } from '../base/errors.ts';
import { jsonBytesOf } from '../tensor/json-codec.ts';
import { type Segments, segmentsFrom } from '../tensor/segments.ts';
import { type CodecTask, type ReadTask, read, type WriteTask, write } from './codec-task.ts';
import { OipHeadCache } from './oip-head-cache.ts';
import type { OipRequest } from './oip-request.ts';
import type { EncodedAnswer } from './oip-response.ts';

/** JSON above this many bytes is read and written in another thread; below, the way there costs more than the work. */
const LARGE_JSON_BYTES = 64 * 1024;
/** How much less urgent large bodies are than the front door. */
const NICE_INCREMENT = 10;

/** Reads and writes bodies: small ones at once, large ones in codec threads. */
export class Codec {
  readonly #threads: number;
  readonly #heads = new OipHeadCache();
  #pool: Piscina | undefined;

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Brings the threads up. Until then everything is done here. */
  async start(): Promise<void> {
    const { Piscina } = await import('piscina');
    this.#pool = new Piscina({
      filename: fileURLToPath(new URL('./codec-worker.js', import.meta.url)),
      minThreads: 1,
      maxThreads: this.#threads,
      idleTimeout: 60_000,
      niceIncrement: NICE_INCREMENT,
    });
  }

  async stop(): Promise<void> {
    await this.#pool?.destroy();
  }

  /** `done` is called before this returns when the body is small. */
  read(task: ReadTask, done: (result: OipRequest | Refusal) => void): void {
    if (this.#pool === undefined || jsonBytesIn(task) <= LARGE_JSON_BYTES) {
      done(read(task, this.#heads.read));
      return;
    }
    const body = ownMemory(task.body);
    this.#inThread(
      { ...task, body },
      body.chunks.map((chunk) => chunk.buffer as ArrayBuffer),
      done,
    );
  }

  /** `done` is called before this returns when the answer is small. */
  write(task: WriteTask, done: (result: EncodedAnswer | Refusal) => void): void {
    if (this.#pool === undefined || jsonBytesOut(task) <= LARGE_JSON_BYTES) done(write(task));
    else this.#inThread(task, [], done);
  }

  #inThread<T>(task: CodecTask, transferList: ArrayBuffer[], done: (result: T | Refusal) => void): void {
    this.#pool?.run(task, { transferList }).then(done, (caught: unknown) => {
      done(refuse('INTERNAL', `the codec thread failed: ${messageOf(caught)}`));
    });
  }
}

function jsonBytesIn(task: ReadTask): number {
  if (task.kind === 'read raw') return 0;
  return (task.kind === 'read infer' ? task.jsonBytes : undefined) ?? task.body.byteLength;
}

function jsonBytesOut(task: WriteTask): number {
  const asText =
    task.kind === 'write infer'
      ? task.parts.filter(({ isBinary }) => !isBinary).map(({ tensor }) => tensor)
      : task.outputs;
  return asText.reduce((sum, output) => sum + jsonBytesOf(output), 0);
}

/** Chunks that own their memory and so can move; sending a view would copy all the memory behind it. */
function ownMemory({ chunks }: Segments): Segments {
  return segmentsFrom(
    chunks.map((chunk) => (chunk.byteLength === chunk.buffer.byteLength ? chunk : new Uint8Array(chunk))),
  );
}
