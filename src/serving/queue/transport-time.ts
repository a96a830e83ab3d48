import { RecentValues } from '../../base/recent-values.ts';

const REMEMBERED_BATCHES = 200;
const PLANNED_SHARE = 0.95;

/** Time that batches take outside the runtime: gather, pipe, answer. It is kept free in every plan. */
export class TransportTime {
  readonly #limitMs: number;
  readonly #times = new RecentValues(REMEMBERED_BATCHES);
  /** What to plan with, in ms. */
  ms = 0;
  /** What it mostly is, in ms. */
  usualMs = 0;

  /** A gateway that is late for a while must not make every objective look hopeless: no more than `limitMs` is kept. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  observe(ms: number): void {
    this.#times.add(Math.max(0, ms));
    this.usualMs = Math.min(this.#times.quantile(0.5) ?? 0, this.#limitMs);
    this.ms = Math.min(this.#times.quantile(PLANNED_SHARE) ?? 0, this.#limitMs);
  }
}
