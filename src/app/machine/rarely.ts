import type { Clock } from '../../base/clock.ts';

/** Shortest time between two log lines for the same reason. */
const EVERY_MS = 10_000;

/** Limits the rate of reports: the first of each reason at once, then at most one every 10 s with the count since. */
export function rarely<R extends string>(
  clock: Clock,
  report: (reason: R, detail: string, count: number) => void,
): (reason: R, detail: string) => void {
  const since = new Map<R, { at: number; count: number }>();
  return (reason, detail) => {
    const last = since.get(reason) ?? { at: Number.NEGATIVE_INFINITY, count: 0 };
    since.set(reason, last);
    last.count += 1;
    if (clock.now() - last.at < EVERY_MS) return;
    report(reason, detail, last.count);
    last.at = clock.now();
    last.count = 0;
  };
}
