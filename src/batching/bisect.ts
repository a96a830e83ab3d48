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
  /** Requests that were run alone in the end, and how many of those threw as well. */
  readonly singles: number;
  readonly singlesThrown: number;
}

/** Fewer singles say nothing about the model. */
const ENOUGH_SINGLES = 8;
const MAX_BISECT_SHARE = 0.1;

/**
 * Whether it is worth looking for the bad one in a batch that threw. Where most requests throw alone as well it is
 * the model that is broken, and looking would only multiply its work.
 */
export function mayBisect({ batches, bisectRuns, singles, singlesThrown }: ThrowFacts): boolean {
  const isModelBroken = singles >= ENOUGH_SINGLES && singlesThrown * 2 > singles;
  return !isModelBroken || bisectRuns <= MAX_BISECT_SHARE * batches;
}
