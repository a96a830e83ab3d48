import type { Clock } from '../../base/clock.ts';
import type { Refusal } from '../../base/errors.ts';
import { jsonBytesOf } from '../../tensor/json-codec.ts';
import { type Segments, segmentsFrom } from '../../tensor/segments.ts';
import { OipAnswerHeadCache } from '../oip/oip-answer-head-cache.ts';
import { OipHeadCache } from '../oip/oip-head-cache.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import type { EncodedAnswer } from '../oip/oip-response.ts';
import { type CodecTask, type ReadTask, read, type WriteTask, write } from './codec-task.ts';
import { type CodecJob, CodecThreads } from './codec-threads.ts';

/** A body with more bytes to parse than this is handled in another thread; below, the transfer costs more. */
export const LARGE_BYTES = 64 * 1024;

/** Reads and writes bodies: small ones at once, large ones in codec threads. */
export class Codec {
  readonly #clock: Clock;
  readonly #count: number;
  readonly #heads = new OipHeadCache();
  readonly #answerHeads = new OipAnswerHeadCache();
  #threads: CodecThreads | undefined;

  /** `count` threads for large bodies. */
  constructor(clock: Clock, count: number) {
    this.#clock = clock;
    this.#count = count;
  }

  /** Lets threads start. Until then everything is done on the event loop. */
  start(): void {
    this.#threads = new CodecThreads(this.#clock, new URL('./codec-worker.js', import.meta.url), this.#count);
  }

  async stop(): Promise<void> {
    await this.#threads?.stop();
  }

  /** `done` is called before this returns when the body is small. Else returns the job, which can be cancelled. */
  read(task: ReadTask, done: (result: OipRequest | Refusal) => void): CodecJob | undefined {
    if (this.#threads === undefined || walkedBytesIn(task) <= LARGE_BYTES) {
      done(read(task, this.#heads.read));
      return undefined;
    }
    const body = ownMemory(task.body);
    const memory = body.chunks.map((chunk) => chunk.buffer as ArrayBuffer);
    return this.#inThread({ ...task, body }, task.body.byteLength, memory, done);
  }

  /** `done` is called before this returns when the answer is small. Else returns the job, which can be cancelled. */
  write(task: WriteTask, done: (result: EncodedAnswer | Refusal) => void): CodecJob | undefined {
    const bytes = jsonBytesOut(task);
    if (this.#threads !== undefined && bytes > LARGE_BYTES) return this.#inThread(task, bytes, [], done);
    done(write(task, this.#answerHeads.write));
    return undefined;
  }

  /** Its result is not needed any more. False where `done` is called all the same. */
  cancel(job: CodecJob): boolean {
    return this.#threads?.cancel(job) ?? false;
  }

  #inThread<T>(
    task: CodecTask,
    bytes: number,
    transferList: readonly ArrayBuffer[],
    done: (result: T | Refusal) => void,
  ): CodecJob {
    const job = { task, bytes, transferList, done: (result: unknown) => done(result as T | Refusal) };
    this.#threads?.run(job);
    return job;
  }
}

/** Bytes to be parsed: JSON, and the lengths in BYTES. Numbers are used as they are. */
function walkedBytesIn(task: ReadTask): number {
  if (task.kind === 'read raw') return 0;
  if (task.kind === 'read embeddings') return task.body.byteLength;
  const hasBytes =
    task.target.metadata === undefined ||
    task.target.metadata.inputs.some(({ datatype }) => datatype === 'BYTES');
  if (hasBytes || task.kind !== 'read infer') return task.body.byteLength;
  return task.jsonBytes ?? task.body.byteLength;
}

function jsonBytesOut(task: WriteTask): number {
  let bytes = 0;
  if (task.kind === 'write infer') {
    for (const { tensor, isBinary } of task.parts) if (!isBinary) bytes += jsonBytesOf(tensor);
  } else {
    for (const output of task.outputs) bytes += jsonBytesOf(output);
  }
  return bytes;
}

/** Chunks that own their buffer and so can be transferred; sending a view would copy the whole buffer behind it. */
function ownMemory({ chunks }: Segments): Segments {
  return segmentsFrom(
    chunks.map((chunk) => (chunk.byteLength === chunk.buffer.byteLength ? chunk : new Uint8Array(chunk))),
  );
}
