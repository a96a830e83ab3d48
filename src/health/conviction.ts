import type { LossCause } from '../work/outcome.ts';

/** Ends that an input may have brought about. Being killed from outside, or by our own plan, proves nothing. */
const CONVICTING: ReadonlySet<LossCause> = new Set(['crash', 'protocol', 'out of memory'] as const);

/** Whether what a replica was running should run alone from then on. To be slow is no crime, but keeps others waiting. */
export function isSuspicious(cause: LossCause): boolean {
  return cause === 'watchdog' || convicts(cause);
}

/** Whether a replica that ended so puts the blame on what it was running. */
export function convicts(cause: LossCause): boolean {
  return CONVICTING.has(cause);
}
