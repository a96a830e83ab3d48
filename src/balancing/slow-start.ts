import { pow } from '../base/elementary.ts';

/** How the share of a recovered replica grows. */
export interface SlowStart {
  readonly windowMs: number;
  /** 1 grows in proportion to time; larger values grow faster at first. */
  readonly aggression: number;
  /** Lower bound, so that the replica gets some work. */
  readonly minShare: number;
}

const YOUNGEST_MS = 1;

/** The share of its full weight that a replica of this age gets, in (0, 1]. */
export function slowStartShare({ windowMs, aggression, minShare }: SlowStart, ageMs: number): number {
  if (windowMs <= 0 || ageMs >= windowMs) return 1;
  return Math.max(minShare, pow(Math.max(ageMs, YOUNGEST_MS) / windowMs, 1 / aggression));
}
