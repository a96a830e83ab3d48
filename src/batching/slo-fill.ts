import type { WaitingRequest } from '../work/lane.ts';
import type { BatchFill, Ruling } from './batch-policy.ts';
import type { ServiceCurve } from './batch-target.ts';

/** What a fill depends on. */
export interface FillFacts {
  readonly targetRows: number;
  /** While more is waiting, smaller batches are not worth running. */
  readonly leastRows: number;
  /** The same for requests that are dropped first. */
  readonly neededRows: number;
  readonly cap: number;
  /** When the batch starts to run, as expected. */
  readonly startAt: number;
  /** Time that a plan leaves free; a request that is in time without it is not dropped. */
  readonly marginMs: number;
}

/** Fills a batch within the time left to each of its members. */
export class SloFill implements BatchFill {
  readonly #curve: ServiceCurve;
  readonly #targetRows: number;
  readonly #startAt: number;
  readonly #marginMs: number;
  readonly #leastRows: number;
  #neededRows: number;
  #cap: number;
  #rows = 0;

  constructor(curve: ServiceCurve, { targetRows, leastRows, neededRows, cap, startAt, marginMs }: FillFacts) {
    this.#curve = curve;
    this.#targetRows = targetRows;
    this.#startAt = startAt;
    this.#marginMs = marginMs;
    this.#leastRows = leastRows;
    this.#neededRows = Math.min(neededRows, cap);
    this.#cap = cap;
  }

  rule({ rows, dueBy, isExploration }: WaitingRequest, rowsLeft: number, isUnderShare: boolean): Ruling {
    const leftMs = dueBy - this.#startAt;
    const fit = isExploration ? this.#cap : this.#curve.rowsWithin(leftMs - this.#marginMs);
    // Requests of tenants above their share are dropped first; but no request may make all batches small.
    const wantedRows = isUnderShare ? Math.min(this.#leastRows, this.#neededRows) : this.#neededRows;
    const leastFit = Math.max(rows, Math.ceil(Math.min(wantedRows, this.#rows + rowsLeft)));
    // Late by the plan, which has a margin; a dropped request is late for certain.
    if (fit < leastFit && !isExploration && this.#curve.rowsWithin(leftMs) < leastFit) {
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
