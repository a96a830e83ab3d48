import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../base/clock.ts';
import { messageOf, type Refusal, refuse } from '../../base/errors.ts';
import { CodecQueue, type QueuedJob } from './codec-queue.ts';
import type { CodecTask } from './codec-task.ts';

/** One thread is reserved for jobs up to this size: they never wait behind a large one. */
const LIGHT_BYTES = 1024 * 1024;
/** A thread for large jobs that is idle for this long ends, which frees the memory of large bodies. */
const IDLE_MS = 5_000;
/** A job is ended if it takes longer than this and longer than its bytes explain. */
const LEAST_LIMIT_MS = 5_000;
const SLOWEST_BYTES_PER_MS = 4_096;
/** Memory for reading the largest body; beyond it the thread ends, not the server. */
const MAX_HEAP_MEBIBYTES = 1_024;

/** A body to be read or written in a thread. */
export interface CodecJob extends QueuedJob {
  readonly task: CodecTask;
  readonly transferList: readonly ArrayBuffer[];
  /** Called once, with the result or a refusal, unless the job is cancelled. */
  readonly done: (result: unknown) => void;
}

/** A slot for a thread, with its current job. */
class Slot {
  readonly maxBytes: number;
  worker: Worker | undefined;
  job: CodecJob | undefined;
  alarm: Timer | undefined;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }
}

/**
 * Threads that read and write large bodies. One is reserved for small jobs and always runs; the others start on demand
 * and end after a while without work. A thread that takes too long for a job is ended, and the job is refused.
 */
export class CodecThreads {
  readonly #clock: Clock;
  readonly #script: URL;
  readonly #slots: readonly Slot[];
  readonly #queue = new CodecQueue<CodecJob>();

  /** `count` threads for jobs of any size, beside the one for small jobs. */
  constructor(clock: Clock, script: URL, count: number) {
    this.#clock = clock;
    this.#script = script;
    this.#slots = [
      new Slot(LIGHT_BYTES),
      ...Array.from({ length: count }, () => new Slot(Number.POSITIVE_INFINITY)),
    ];
    for (const slot of this.#slots) if (slot.maxBytes === LIGHT_BYTES) slot.worker = this.#spawn(slot);
  }

  run(job: CodecJob): void {
    this.#queue.add(job);
    this.#next();
  }

  /**
   * The result is not needed any more. False where the job continues, because ending the thread would cost more; then
   * `done` is called.
   */
  cancel(job: CodecJob): boolean {
    if (this.#queue.remove(job)) return true;
    const slot = this.#slots.find((other) => other.job === job);
    if (slot === undefined || job.bytes <= LIGHT_BYTES) return false;
    void this.#end(slot);
    this.#next();
    return true;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#slots.map(async (slot) => this.#end(slot)));
  }

  #next(): void {
    for (const slot of this.#slots) {
      if (slot.job !== undefined) continue;
      const job = this.#queue.take(slot.maxBytes);
      if (job !== undefined) this.#begin(slot, job);
    }
  }

  #begin(slot: Slot, job: CodecJob): void {
    slot.alarm?.cancel();
    slot.job = job;
    const limitMs = LEAST_LIMIT_MS + job.bytes / SLOWEST_BYTES_PER_MS;
    slot.alarm = this.#clock.at(this.#clock.now() + limitMs, () => this.#overdue(slot, job, limitMs));
    slot.worker ??= this.#spawn(slot);
    slot.worker.postMessage(job.task, job.transferList);
  }

  #spawn(slot: Slot): Worker {
    const worker = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEBIBYTES },
    });
    worker.unref();
    worker.on('message', (result: unknown) => {
      if (slot.worker === worker) this.#finish(slot, result);
    });
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (slot.worker !== worker) return;
      slot.worker = undefined;
      this.#finish(slot, refusalOf(error));
    });
    return worker;
  }

  #finish(slot: Slot, result: unknown): void {
    const { job } = slot;
    slot.job = undefined;
    slot.alarm?.cancel();
    slot.alarm = undefined;
    if (slot.maxBytes > LIGHT_BYTES) {
      slot.alarm = this.#clock.at(this.#clock.now() + IDLE_MS, () => void this.#end(slot));
    }
    job?.done(result);
    this.#next();
  }

  #overdue(slot: Slot, job: CodecJob, limitMs: number): void {
    void this.#end(slot);
    job.done(
      refuse(
        'BODY_TOO_LARGE',
        `reading or writing ${job.bytes} bytes took longer than ${Math.round(limitMs)} ms: send less, or binary data`,
      ),
    );
    this.#next();
  }

  /** Ends its thread; the next job gets a new one. */
  async #end(slot: Slot): Promise<void> {
    const { worker } = slot;
    slot.worker = undefined;
    slot.job = undefined;
    slot.alarm?.cancel();
    slot.alarm = undefined;
    await worker?.terminate();
  }
}

function refusalOf(error: NodeJS.ErrnoException): Refusal {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return refuse(
      'BODY_TOO_LARGE',
      'reading the body needs more memory than the limit of a codec thread: send binary data',
    );
  }
  return { ...refuse('INTERNAL', 'internal error'), cause: messageOf(error) };
}
