import { RecentValues } from '../../base/recent-values.ts';

const REMEMBERED_BATCHES = 200;

/** Time that batches take outside the runtime: gather, pipe, answer. */
export class TransportTime {
  readonly #limitMs: number;
  readonly #times = new RecentValues(REMEMBERED_BATCHES);
  /** The median, in ms. */
  ms = 0;

  /** It is at most `limitMs`: a temporarily slow gateway must not make every objective unattainable. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  observe(ms: number): void {
    this.#times.add(Math.max(0, ms));
    this.ms = Math.min(this.#times.quantile(0.5) ?? 0, this.#limitMs);
  }
}
