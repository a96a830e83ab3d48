import type { Clock } from '../../base/clock.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { contentKeyOf, sampleOf } from './content-key.ts';

/** Expiry time of a listed input, and its sample. */
interface Listed {
  readonly until: number;
  readonly sample: number;
}

/** Retention time and maximum number of inputs. */
export interface ListBounds {
  readonly denyMs: number;
  readonly denyEntries: number;
}

/** Inputs that are handled separately until they expire, by content. Bounded: the oldest are removed first. */
export class InputList {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #maxEntries: number;
  /** By content key. */
  readonly #listed = new Map<string, Listed>();
  /** Number of listed inputs per sample; a request whose sample is not listed is not hashed. */
  readonly #samples = new Map<number, number>();

  constructor(clock: Clock, bounds: ListBounds) {
    this.#clock = clock;
    this.#keepMs = bounds.denyMs;
    this.#maxEntries = bounds.denyEntries;
  }

  get size(): number {
    return this.#listed.size;
  }

  add(request: InferenceRequest): void {
    const key = contentKeyOf(request);
    this.#remove(key);
    const sample = sampleOf(request);
    this.#listed.set(key, { until: this.#clock.now() + this.#keepMs, sample });
    this.#samples.set(sample, (this.#samples.get(sample) ?? 0) + 1);
    const [oldest] = this.#listed.keys();
    if (this.#listed.size > this.#maxEntries && oldest !== undefined) this.#remove(oldest);
  }

  /** Costs nothing while the list is empty. */
  has(request: InferenceRequest): boolean {
    if (this.#listed.size === 0 || !this.#samples.has(sampleOf(request))) return false;
    const key = contentKeyOf(request);
    const listed = this.#listed.get(key);
    if (listed === undefined) return false;
    if (listed.until > this.#clock.now()) return true;
    this.#remove(key);
    return false;
  }

  remove(request: InferenceRequest): void {
    if (this.#listed.size > 0) this.#remove(contentKeyOf(request));
  }

  #remove(key: string): void {
    const listed = this.#listed.get(key);
    if (listed === undefined) return;
    this.#listed.delete(key);
    const count = (this.#samples.get(listed.sample) ?? 0) - 1;
    if (count > 0) this.#samples.set(listed.sample, count);
    else this.#samples.delete(listed.sample);
  }
}
