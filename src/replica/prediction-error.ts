import { RecentValues } from '../base/recent-values.ts';

const REMEMBERED_BATCHES = 200;
/** With fewer the factor is a guess. */
const ENOUGH = 20;
const GUESS = 1.2;
const LEAST = 1.05;
const MOST = 2;

/** How far batches took longer than predicted: what to plan with, so that most of them keep their time. */
export class PredictionError {
  readonly #ratios = new RecentValues(REMEMBERED_BATCHES);

  /** Actual over predicted time of one batch. */
  observe(ratio: number): void {
    this.#ratios.add(ratio);
  }

  /** τ: a prediction times this is kept by the share `quantile` of batches. Between 1.05 and 2. */
  planFactor(quantile: number): number {
    if (this.#ratios.count < ENOUGH) return GUESS;
    return Math.min(Math.max(this.#ratios.quantile(quantile) ?? GUESS, LEAST), MOST);
  }
}
