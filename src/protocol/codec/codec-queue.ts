/** Work for the codec threads. */
export interface QueuedJob {
  /** Bytes to read or write: the time of the work is proportional to them. */
  readonly bytes: number;
}

/** Bytes of the first size class; each class holds jobs of up to four times the bytes of the class before. */
const FIRST_CLASS_BYTES = 256 * 1024;
const CLASSES = 6;

/**
 * Jobs that wait for a codec thread, in size classes with fair turns: each class gets an equal share of the bytes, so a
 * small job never waits for more than one large one, and large ones never starve.
 */
export class CodecQueue<J extends QueuedJob> {
  readonly #classes = Array.from({ length: CLASSES }, () => new Set<J>());
  /** Bytes that each class has been served. */
  readonly #served = new Array<number>(CLASSES).fill(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(job: J): void {
    const index = classOf(job.bytes);
    const waiting = this.#classes[index] as Set<J>;
    // After a pause, a class gets its share from this moment, not the share that it did not use.
    if (waiting.size === 0)
      this.#served[index] = Math.max(this.#served[index] as number, this.#leastServed() ?? 0);
    waiting.add(job);
    this.#size += 1;
  }

  /** Takes the next job of at most `maxBytes`; undefined when there is none. */
  take(maxBytes: number): J | undefined {
    let best = -1;
    for (let index = 0; index <= classOf(maxBytes); index++) {
      if (this.#classes[index]?.size === 0) continue;
      if (best === -1 || (this.#served[index] as number) < (this.#served[best] as number)) best = index;
    }
    const [job] = this.#classes[best] ?? [];
    if (job === undefined) return undefined;
    this.#served[best] = (this.#served[best] as number) + job.bytes;
    this.remove(job);
    return job;
  }

  /** Whether it was waiting here. */
  remove(job: J): boolean {
    const wasIn = this.#classes[classOf(job.bytes)]?.delete(job) === true;
    if (wasIn) this.#size -= 1;
    return wasIn;
  }

  #leastServed(): number | undefined {
    const busy = this.#served.filter((_, index) => (this.#classes[index]?.size ?? 0) > 0);
    return busy.length === 0 ? undefined : Math.min(...busy);
  }
}

function classOf(bytes: number): number {
  let index = 0;
  for (let limit = FIRST_CLASS_BYTES; bytes > limit && index < CLASSES - 1; limit *= 4) index += 1;
  return index;
}
