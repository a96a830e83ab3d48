/** What is known of the lives that one replica's place has had. */
export interface LivesSoFar {
  /** Lives in a row that ended unexpectedly without having been good. */
  readonly badLivesInARow: number;
}

/** A life that has just ended. */
export interface EndedLife {
  /** undefined when it never became ready. */
  readonly readyForMs: number | undefined;
  readonly batches: number;
}

export type RestartDecision =
  | { readonly kind: 'restart'; readonly afterMs: number }
  | { readonly kind: 'give up'; readonly reason: string };

const GOOD_LIFE_MS = 60_000;
const GOOD_LIFE_BATCHES = 100;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/** A good life starts the count anew, whatever ended it. */
export function isGoodLife(life: EndedLife): boolean {
  return (
    life.readyForMs !== undefined && (life.readyForMs >= GOOD_LIFE_MS || life.batches >= GOOD_LIFE_BATCHES)
  );
}

/**
 * What to do about a replica that has just ended unexpectedly; `lives` counts this end. The first restart is
 * immediate, then the delay doubles. `chance` in [0, 1) spreads out replicas that ended together.
 */
export function decideRestart(maxBadLives: number, lives: LivesSoFar, chance: number): RestartDecision {
  const { badLivesInARow } = lives;
  if (badLivesInARow >= maxBadLives) {
    return { kind: 'give up', reason: `${badLivesInARow} lives in a row ended before they were any good` };
  }
  if (badLivesInARow <= 1) return { kind: 'restart', afterMs: 0 };
  const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (badLivesInARow - 2));
  return { kind: 'restart', afterMs: Math.round((delayMs * (1 + chance)) / 2) };
}
