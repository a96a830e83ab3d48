import type { LoadReport } from './load-report.ts';

/** Which rates pass, and where to look for the highest of them. */
export interface RateSearch {
  readonly p99LimitMs: number;
  /** Least share of requests that must succeed; 0.99 unless told. */
  readonly successShare?: number;
  readonly startRate: number;
  /** Where the search stops even if all is well. */
  readonly maxRate?: number;
  /** How far the rate that fails may lie above the one that passes; 0.03 unless told. */
  readonly precision?: number;
}

/** `generator`: the run is void, so the server may well be capable of more. */
export type RateResult = 'passed' | 'latency' | 'failures' | 'generator';

/** One step of a search. */
export interface RateTry {
  readonly ratePerSecond: number;
  readonly result: RateResult;
  readonly report: LoadReport;
}

/** The goodput of a server, with the way it was found. */
export interface MaxRate {
  /** The highest offered rate that passed; 0 when none did. */
  readonly ratePerSecond: number;
  /** What went wrong at the lowest rate that did not pass. */
  readonly limitedBy: Exclude<RateResult, 'passed'> | 'maxRate';
  readonly tries: readonly RateTry[];
}

/** Below this the search gives up halving: no run of sensible length could tell. */
const LOWEST_RATE = 1;

/**
 * Doubles the rate until it fails (or halves it until it passes), then bisects, as MLPerf's LoadGen does. It
 * takes for granted that what fails at one rate fails at every higher one.
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
