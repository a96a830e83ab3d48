/** Two halves; the first gets the extra one. */
export function halves<T>(members: readonly T[]): readonly [readonly T[], readonly T[]] {
  const middle = Math.ceil(members.length / 2);
  return [members.slice(0, middle), members.slice(middle)];
}

/** Recent counts of throwing batches. */
export interface ThrowFacts {
  readonly batches: number;
  /** Runs of parts of batches that threw. */
  readonly bisectRuns: number;
  /** Requests of such batches that were answered in the end, and those that also threw alone. */
  readonly passed: number;
  readonly failed: number;
}

/** Fewer failed requests do not show that the model is broken. */
const ENOUGH_FAILED = 8;
const MAX_BISECT_SHARE = 0.1;

/**
 * Whether a batch that threw is worth bisecting. Where most requests also throw alone the model is broken, and
 * bisecting only multiplies its work.
 */
export function mayBisect({ batches, bisectRuns, passed, failed }: ThrowFacts): boolean {
  const isModelBroken = failed >= ENOUGH_FAILED && failed > passed;
  return !isModelBroken || bisectRuns <= MAX_BISECT_SHARE * batches;
}

/**
 * The batch size with the least cost per row when the share `badShare` of rows throws in any batch: each halving of
 * such a batch takes two runs. `largest` where nothing throws.
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
