import { RecentValues } from '../../base/recent-values.ts';

const REMEMBERED_BATCHES = 200;
const PLANNED_SHARE = 0.95;

/** Time that batches take outside the runtime: gather, pipe, answer. Every plan reserves it. */
export class TransportTime {
  readonly #limitMs: number;
  readonly #times = new RecentValues(REMEMBERED_BATCHES);
  /** The value to plan with: 95th percentile, in ms. */
  ms = 0;
  /** The median, in ms. */
  usualMs = 0;

  /** Both values are at most `limitMs`: a temporarily slow gateway must not make every objective unattainable. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  observe(ms: number): void {
    this.#times.add(Math.max(0, ms));
    this.usualMs = Math.min(this.#times.quantile(0.5) ?? 0, this.#limitMs);
    this.ms = Math.min(this.#times.quantile(PLANNED_SHARE) ?? 0, this.#limitMs);
  }
}
