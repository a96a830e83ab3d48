import type { Clock } from '../base/clock.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { contentKeyOf, formOf } from './content-key.ts';

/** How long and how many inputs are kept. */
export interface ListBounds {
  readonly denyMs: number;
  readonly denyEntries: number;
}

/** Inputs that are treated apart for a while, by what they hold. Bounded: the oldest are forgotten first. */
export class InputList {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #maxEntries: number;
  /** Hash of the whole input → until when. */
  readonly #until = new Map<string, number>();
  /** How many listed inputs have the same outward form: whoever looks like none of them need not be hashed. */
  readonly #forms = new Map<string, number>();

  constructor(clock: Clock, bounds: ListBounds) {
    this.#clock = clock;
    this.#keepMs = bounds.denyMs;
    this.#maxEntries = bounds.denyEntries;
  }

  get size(): number {
    return this.#until.size;
  }

  add(request: InferenceRequest): void {
    const key = contentKeyOf(request);
    this.#remove(key);
    this.#until.set(key, this.#clock.now() + this.#keepMs);
    const form = formOf(request);
    this.#forms.set(form, (this.#forms.get(form) ?? 0) + 1);
    const [oldest] = this.#until.keys();
    if (this.#until.size > this.#maxEntries && oldest !== undefined) this.#remove(oldest);
  }

  /** Costs nothing while the list is empty. */
  has(request: InferenceRequest): boolean {
    if (this.#until.size === 0 || !this.#forms.has(formOf(request))) return false;
    const key = contentKeyOf(request);
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#clock.now()) return true;
    this.#remove(key);
    return false;
  }

  remove(request: InferenceRequest): void {
    if (this.#until.size > 0) this.#remove(contentKeyOf(request));
  }

  #remove(key: string): void {
    if (!this.#until.delete(key)) return;
    const form = key.slice(key.indexOf('|') + 1);
    const count = (this.#forms.get(form) ?? 0) - 1;
    if (count > 0) this.#forms.set(form, count);
    else this.#forms.delete(form);
  }
}
