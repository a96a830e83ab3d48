import type { Clock } from '../base/clock.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { contentKeyOf, formOf } from './content-key.ts';

/** Inputs that are refused for a while, by what they hold. Bounded: the oldest are forgotten first. */
export class DenyList {
  readonly #clock: Clock;
  readonly #denyMs: number;
  readonly #maxEntries: number;
  /** Hash of the whole input → until when. */
  readonly #until = new Map<string, number>();
  /** How many listed inputs have the same outward form: whoever looks like none of them need not be hashed. */
  readonly #forms = new Map<string, number>();

  constructor(clock: Clock, settings: { readonly denyMs: number; readonly denyEntries: number }) {
    this.#clock = clock;
    this.#denyMs = settings.denyMs;
    this.#maxEntries = settings.denyEntries;
  }

  get size(): number {
    return this.#until.size;
  }

  add(request: InferenceRequest): void {
    const key = contentKeyOf(request);
    this.#remove(key);
    this.#until.set(key, this.#clock.now() + this.#denyMs);
    const form = formOf(request);
    this.#forms.set(form, (this.#forms.get(form) ?? 0) + 1);
    const [oldest] = this.#until.keys();
    if (this.#until.size > this.#maxEntries && oldest !== undefined) this.#remove(oldest);
  }

  /** How much longer the input is refused, in ms; undefined when it is not. Costs nothing while the list is empty. */
  deniedForMs(request: InferenceRequest): number | undefined {
    if (this.#until.size === 0 || !this.#forms.has(formOf(request))) return undefined;
    const key = contentKeyOf(request);
    const until = this.#until.get(key);
    if (until === undefined) return undefined;
    const leftMs = until - this.#clock.now();
    if (leftMs > 0) return leftMs;
    this.#remove(key);
    return undefined;
  }

  #remove(key: string): void {
    if (!this.#until.delete(key)) return;
    const form = key.slice(key.indexOf('|') + 1);
    const count = (this.#forms.get(form) ?? 0) - 1;
    if (count > 0) this.#forms.set(form, count);
    else this.#forms.delete(form);
  }
}
