import type { WaitingRequest } from '../work/lane.ts';
import type { BatchFill, Ruling } from './batch-policy.ts';
import type { ServiceCurve } from './batch-target.ts';

/** What a fill goes by. */
export interface FillFacts {
  readonly planFactor: number;
  readonly targetRows: number;
  /** A smaller batch is never worth running while more is waiting. */
  readonly leastRows: number;
  /** The same for whoever is to make way first. */
  readonly neededRows: number;
  readonly cap: number;
  readonly startAt: number;
  /** The same without the margins of a plan: who could make it then is not dropped. */
  readonly hopeAt: number;
}

/** A batch that is filled by the time that is left to each of its members. */
export class SloFill implements BatchFill {
  readonly #curve: ServiceCurve;
  readonly #planFactor: number;
  readonly #targetRows: number;
  readonly #startAt: number;
  readonly #hopeAt: number;
  readonly #leastRows: number;
  #neededRows: number;
  #cap: number;
  #rows = 0;

  constructor(
    curve: ServiceCurve,
    { planFactor, targetRows, leastRows, neededRows, cap, startAt, hopeAt }: FillFacts,
  ) {
    this.#curve = curve;
    this.#planFactor = planFactor;
    this.#targetRows = targetRows;
    this.#startAt = startAt;
    this.#hopeAt = hopeAt;
    this.#leastRows = leastRows;
    this.#neededRows = Math.min(neededRows, cap);
    this.#cap = cap;
  }

  rule({ rows, dueBy, isExploration }: WaitingRequest, rowsLeft: number, isUnderShare: boolean): Ruling {
    const fit = isExploration
      ? this.#cap
      : this.#curve.rowsWithin((dueBy - this.#startAt) / this.#planFactor);
    // Those who crowd the others make way first; but nobody may make all batches small.
    const wantedRows = isUnderShare ? Math.min(this.#leastRows, this.#neededRows) : this.#neededRows;
    const leastFit = Math.max(rows, Math.ceil(Math.min(wantedRows, this.#rows + rowsLeft)));
    // By the plan it is late; but plans have margins, and whoever is dropped is late for certain.
    if (fit < leastFit && !isExploration && this.#curve.rowsWithin(dueBy - this.#hopeAt) < leastFit) {
      // Once somebody had to go, the rest is to make full batches again.
      this.#neededRows = Math.min(this.#targetRows, this.#cap);
      return 'drop';
    }
    const cap = Math.min(this.#cap, Math.max(fit, leastFit));
    if (this.#rows > 0 && this.#rows + rows > cap) return 'stop';
    this.#cap = cap;
    this.#rows += rows;
    return 'take';
  }
}
