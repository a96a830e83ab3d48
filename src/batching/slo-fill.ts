import type { WaitingRequest } from '../work/lane.ts';
import type { BatchFill, Ruling } from './batch-policy.ts';
import type { ServiceCurve } from './batch-target.ts';

/** What a fill depends on. */
export interface FillFacts {
  readonly planFactor: number;
  readonly targetRows: number;
  /** While more is waiting, smaller batches are not worth running. */
  readonly leastRows: number;
  /** The same for requests that are dropped first. */
  readonly neededRows: number;
  readonly cap: number;
  readonly startAt: number;
  /** The same without the margins of a plan; a request that can still meet it is not dropped. */
  readonly hopeAt: number;
}

/** Fills a batch within the time left to each of its members. */
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
    // Requests of tenants above their share are dropped first; but no request may make all batches small.
    const wantedRows = isUnderShare ? Math.min(this.#leastRows, this.#neededRows) : this.#neededRows;
    const leastFit = Math.max(rows, Math.ceil(Math.min(wantedRows, this.#rows + rowsLeft)));
    // Late by the plan, which has margins; a dropped request is late for certain.
    if (fit < leastFit && !isExploration && this.#curve.rowsWithin(dueBy - this.#hopeAt) < leastFit) {
      // Once a request is dropped, the rest must make full batches again.
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
