import { RecentValues } from '../base/recent-values.ts';

const REMEMBERED_BATCHES = 200;
/** With fewer samples the factor is a default. */
const ENOUGH = 20;
const GUESS = 1.2;
const LEAST = 1.05;
const MOST = 2;

/** Learns by how much batches exceed their predicted time, so that plans can include a margin. */
export class PredictionError {
  readonly #ratios = new RecentValues(REMEMBERED_BATCHES);

  /** The actual time of one batch divided by the predicted time. */
  observe(ratio: number): void {
    this.#ratios.add(ratio);
  }

  /** τ: the share `quantile` of batches takes at most τ times the prediction. Between 1.05 and 2. */
  planFactor(quantile: number): number {
    if (this.#ratios.count < ENOUGH) return GUESS;
    return Math.min(Math.max(this.#ratios.quantile(quantile) ?? GUESS, LEAST), MOST);
  }
}
