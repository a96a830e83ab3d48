import type { LossCause } from '../work/outcome.ts';

/** Ends that an input may have brought about. Whoever is killed from outside, or by our own plan, proves nothing. */
const CONVICTING: ReadonlySet<LossCause> = new Set([
  'crash',
  'watchdog',
  'protocol',
  'out of memory',
] as const);

/** Whether a replica that ended so puts the blame on what it was running. */
export function convicts(cause: LossCause): boolean {
  return CONVICTING.has(cause);
}
