import type { Clock } from '../base/clock.ts';

/** A line of the log for a reason is written at most this often. */
const EVERY_MS = 10_000;

/** Tells of things that happen by the thousand: the first of a reason at once, then how many it were since the last line. */
export function rarely<R extends string>(
  clock: Clock,
  tell: (reason: R, detail: string, count: number) => void,
): (reason: R, detail: string) => void {
  const since = new Map<R, { at: number; count: number }>();
  return (reason, detail) => {
    const last = since.get(reason) ?? { at: Number.NEGATIVE_INFINITY, count: 0 };
    since.set(reason, last);
    last.count += 1;
    if (clock.now() - last.at < EVERY_MS) return;
    tell(reason, detail, last.count);
    last.at = clock.now();
    last.count = 0;
  };
}
