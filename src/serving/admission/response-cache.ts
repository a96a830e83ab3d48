import type { Clock } from '../../base/clock.ts';
import type { Answer } from '../../model/inference.ts';
import { flatten, segmentsFrom } from '../../tensor/segments.ts';

/** Limits of a cache. */
export interface CacheBounds {
  readonly maxBytes: number;
  readonly ttlMs: number;
}

interface Kept {
  readonly answer: Answer;
  readonly bytes: number;
  readonly until: number;
}

/** Maximum share of the cache for one answer: one must not evict all others. */
const LARGEST_SHARE = 0.125;
/** Bytes counted for an answer beside its data. */
const OVERHEAD_BYTES = 512;

/** Answers of earlier requests, by the contents of the request. Bounded in bytes and in time. */
export class ResponseCache {
  readonly #clock: Clock;
  readonly #bounds: CacheBounds;
  /** The most recently used last. */
  readonly #kept = new Map<string, Kept>();
  bytes = 0;
  hits = 0;
  misses = 0;

  constructor(clock: Clock, bounds: CacheBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** The answer for these contents; undefined when none is stored, or it has expired. */
  find(contentKey: string): Answer | undefined {
    const kept = this.#kept.get(contentKey);
    if (kept !== undefined) this.#remove(contentKey, kept);
    if (kept === undefined || kept.until <= this.#clock.now()) {
      this.misses += 1;
      return undefined;
    }
    this.#put(contentKey, kept);
    this.hits += 1;
    return kept.answer;
  }

  /** Stores a copy: an answer from a replica may be a small part of a large frame. */
  keep(contentKey: string, answer: Answer): void {
    const { maxBytes, ttlMs } = this.#bounds;
    const bytes = answer.outputs.reduce((sum, { data }) => sum + data.byteLength, OVERHEAD_BYTES);
    if (bytes > LARGEST_SHARE * maxBytes) return;
    const before = this.#kept.get(contentKey);
    if (before !== undefined) this.#remove(contentKey, before);
    const outputs = answer.outputs.map((output) => {
      return { ...output, data: segmentsFrom([Uint8Array.from(flatten(output.data))]) };
    });
    this.#put(contentKey, { answer: { outputs }, bytes, until: this.#clock.now() + ttlMs });
    for (const [key, kept] of this.#kept) {
      if (this.bytes <= maxBytes) break;
      this.#remove(key, kept);
    }
  }

  #put(contentKey: string, kept: Kept): void {
    this.#kept.set(contentKey, kept);
    this.bytes += kept.bytes;
  }

  #remove(contentKey: string, kept: Kept): void {
    this.#kept.delete(contentKey);
    this.bytes -= kept.bytes;
  }
}
