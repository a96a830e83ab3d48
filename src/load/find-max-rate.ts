import type { LoadReport } from './load-report.ts';

/** The criteria for a rate to pass, and the range of the search. */
export interface RateSearch {
  readonly p99LimitMs: number;
  /** Least fraction of requests that must succeed; default 0.99. */
  readonly successShare?: number;
  readonly startRate: number;
  /** The search goes no higher. */
  readonly maxRate?: number;
  /** Largest relative gap between the failing and the passing rate at the end; default 0.03. */
  readonly precision?: number;
}

/** `generator`: the run is void, and the server may be capable of more. */
export type RateResult = 'passed' | 'latency' | 'failures' | 'generator';

/** One step of a search. */
export interface RateTry {
  readonly ratePerSecond: number;
  readonly result: RateResult;
  readonly report: LoadReport;
}

/** The goodput of a server, with the steps of the search. */
export interface MaxRate {
  /** The highest offered rate that passed; 0 when none did. */
  readonly ratePerSecond: number;
  /** Why the lowest rate that did not pass failed. */
  readonly limitedBy: Exclude<RateResult, 'passed'> | 'maxRate';
  readonly tries: readonly RateTry[];
}

/** Lowest rate of the search, in requests per second: below it, a run would take too long. */
const LOWEST_RATE = 1;

/**
 * Doubles the rate until it fails (or halves it until it passes), then bisects, like MLPerf's LoadGen. It assumes that a
 * server that fails at one rate fails at every higher rate.
 */
export async function findMaxRate(
  search: RateSearch,
  measure: (ratePerSecond: number) => Promise<LoadReport>,
): Promise<MaxRate> {
  const { startRate, maxRate = Number.POSITIVE_INFINITY, precision = 0.03 } = search;
  const tries: RateTry[] = [];
  let passing = 0;
  let failing = Number.POSITIVE_INFINITY;
  let limitedBy: MaxRate['limitedBy'] = 'maxRate';
  let rate = Math.min(startRate, maxRate);

  while (passing < maxRate && failing - passing > precision * passing && rate >= LOWEST_RATE) {
    const report = await measure(rate);
    const result = evaluate(search, report);
    tries.push({ ratePerSecond: rate, result, report });
    if (result === 'passed') {
      passing = rate;
    } else {
      failing = rate;
      limitedBy = result;
    }
    if (failing === Number.POSITIVE_INFINITY) rate = Math.min(rate * 2, maxRate);
    else rate = (passing + failing) / 2;
  }
  return { ratePerSecond: passing, limitedBy, tries };
}

function evaluate(search: RateSearch, report: LoadReport): RateResult {
  const { p99LimitMs, successShare = 0.99 } = search;
  if (report.void !== undefined) return 'generator';
  if (!(report.succeeded >= successShare * report.requests && report.succeeded > 0)) return 'failures';
  return report.latencyMs.p99 <= p99LimitMs ? 'passed' : 'latency';
}
