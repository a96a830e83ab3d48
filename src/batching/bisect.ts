/** Two halves; the first gets the extra one. */
export function halves<T>(members: readonly T[]): readonly [readonly T[], readonly T[]] {
  const middle = Math.ceil(members.length / 2);
  return [members.slice(0, middle), members.slice(middle)];
}

/** What throwing has come to lately. */
export interface ThrowFacts {
  readonly batches: number;
  /** Runs of parts of batches that threw. */
  readonly bisectRuns: number;
  /** Requests of such batches that were answered in the end, and those that threw alone as well. */
  readonly passed: number;
  readonly failed: number;
}

/** Fewer failed ones say nothing about the model. */
const ENOUGH_FAILED = 8;
const MAX_BISECT_SHARE = 0.1;

/**
 * Whether it is worth looking for the bad one in a batch that threw. Where most requests throw alone as well it is
 * the model that is broken, and looking would only multiply its work.
 */
export function mayBisect({ batches, bisectRuns, passed, failed }: ThrowFacts): boolean {
  const isModelBroken = failed >= ENOUGH_FAILED && failed > passed;
  return !isModelBroken || bisectRuns <= MAX_BISECT_SHARE * batches;
}

/**
 * The size of batch that costs least a row when so large a share of rows throws whatever batch they are in: looking
 * for one takes two runs each time the batch is halved. `largest` where nothing throws.
 */
export function sizeUnderThrows(
  badShare: number,
  largest: number,
  predictMs: (rows: number) => number,
): number {
  if (badShare <= 0) return largest;
  const [oneMs, twoMs] = [predictMs(1), predictMs(2)];
  const rowMs = Math.max(0, twoMs - oneMs);
  const fixedMs = Math.max(0, oneMs - rowMs);
  let [best, leastMs] = [1, oneMs];
  for (let rows = 2, halvings = 1; rows <= largest; rows *= 2, halvings++) {
    const lookMs = 2 * fixedMs * halvings + 2 * rowMs * rows;
    const costMs = predictMs(rows) / rows + badShare * lookMs;
    if (costMs < leastMs) [best, leastMs] = [rows, costMs];
  }
  return 2 * best > largest && best > 1 ? largest : best;
}
