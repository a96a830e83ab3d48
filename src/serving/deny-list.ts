import type { Clock } from '../base/clock.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { contentKeyOf, sampleOf } from './content-key.ts';

/** Until when an input is refused, and its sample. */
interface Listed {
  readonly until: number;
  readonly sample: number;
}

/** Inputs that are refused for a while, by what they hold. Bounded: the oldest are forgotten first. */
export class DenyList {
  readonly #clock: Clock;
  readonly #denyMs: number;
  readonly #maxEntries: number;
  /** By the hash of the input. */
  readonly #listed = new Map<string, Listed>();
  /** How many listed inputs have the same sample: a request that is like none of them is not hashed. */
  readonly #samples = new Map<number, number>();

  constructor(clock: Clock, settings: { readonly denyMs: number; readonly denyEntries: number }) {
    this.#clock = clock;
    this.#denyMs = settings.denyMs;
    this.#maxEntries = settings.denyEntries;
  }

  get size(): number {
    return this.#listed.size;
  }

  add(request: InferenceRequest): void {
    const key = contentKeyOf(request);
    this.#remove(key);
    const sample = sampleOf(request);
    this.#listed.set(key, { until: this.#clock.now() + this.#denyMs, sample });
    this.#samples.set(sample, (this.#samples.get(sample) ?? 0) + 1);
    const [oldest] = this.#listed.keys();
    if (this.#listed.size > this.#maxEntries && oldest !== undefined) this.#remove(oldest);
  }

  /** How much longer the input is refused, in ms; undefined when it is not. Costs nothing while the list is empty. */
  deniedForMs(request: InferenceRequest): number | undefined {
    if (this.#listed.size === 0 || !this.#samples.has(sampleOf(request))) return undefined;
    const key = contentKeyOf(request);
    const listed = this.#listed.get(key);
    if (listed === undefined) return undefined;
    const leftMs = listed.until - this.#clock.now();
    if (leftMs > 0) return leftMs;
    this.#remove(key);
    return undefined;
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
