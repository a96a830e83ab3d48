import { exp, log } from '../../base/elementary.ts';

/** Shares above the limit that the evidence is averaged over, in equal steps of their logarithm; the last is 1. */
const ALTERNATIVES = 14;
/**
 * Stands for smaller limits, 0 included: with a limit of 0 a single hit among any number of observations would be
 * infinite evidence. At an alpha of 0.01, one hit in the first 700 exceeds this limit, or two in the first 25,000.
 */
const LEAST_LIMIT = 1e-6;
/** The largest evidence is e to this power, so that it is always a finite number. */
const MOST_LOG = 709;

/**
 * How much `hits` of `count` observations speak for a share above `limit`: an e-value, the mean over a fixed set of larger
 * shares of how much likelier they make the observations than the limit does. While each observation is a hit with a
 * probability of `limit` at most, whatever came before it, this is a non-negative supermartingale that begins at 1. So by
 * Ville's inequality it ever reaches 1 / alpha with a probability of alpha at most, however many observations there are and
 * however often it is looked at. A miss lowers it: only with a hit can it reach a threshold.
 */
export function evidenceOfExcess(hits: number, count: number, limit: number): number {
  return exp(Math.min(logEvidence(hits, count, limit), MOST_LOG));
}

/** Whether `hits` of `count` show a share above `limit`; wrong at any time with probability `alpha` at most. */
export function isExcessive(hits: number, count: number, limit: number, alpha: number): boolean {
  return logEvidence(hits, count, limit) >= -log(alpha);
}

/** An upper bound of the share of hits: too low at any time with probability `alpha` at most. */
export function largestShare(hits: number, count: number, alpha: number): number {
  let [within, outside] = [count === 0 ? 1 : hits / count, 1];
  for (let halving = 0; halving < 20; halving++) {
    const middle = (within + outside) / 2;
    // A share is too large where so many misses would be too many.
    if (isExcessive(count - hits, count, 1 - middle, alpha)) outside = middle;
    else within = middle;
  }
  return outside;
}

function logEvidence(hits: number, count: number, limit: number): number {
  // No share exceeds 1.
  if (limit >= 1) return Number.NEGATIVE_INFINITY;
  const least = Math.max(limit, LEAST_LIMIT);
  const misses = count - hits;
  const step = -log(least) / ALTERNATIVES;
  const logs: number[] = [];
  for (let steps = 1; steps < ALTERNATIVES; steps++) {
    const alternative = least * exp(steps * step);
    logs.push(hits * steps * step + misses * log((1 - alternative) / (1 - least)));
  }
  // A share of 1 allows no miss; written apart, because 0 times the logarithm of 0 is not a number.
  logs.push(misses > 0 ? Number.NEGATIVE_INFINITY : -hits * log(least));
  return logOfMean(logs);
}

/** The logarithm of the mean of numbers given by their logarithms, at least one of which is finite. */
function logOfMean(logs: readonly number[]): number {
  const most = Math.max(...logs);
  const sum = logs.reduce((total, each) => total + exp(each - most), 0);
  return most + log(sum / logs.length);
}
