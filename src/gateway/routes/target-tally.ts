import { Histogram } from '../../base/histogram.ts';
import { RecentValues } from '../../base/recent-values.ts';
import type { FailureCause } from '../../routing/fallback.ts';

/** Answers whose latency decides about hedging. */
const RECENT = 512;

/** What one target of a route has answered. */
export class TargetTally {
  answered = 0;
  /** Failed attempts by cause. */
  readonly failed: Partial<Record<FailureCause | 'refused', number>> = {};
  readonly latency = new Histogram();
  /** undefined where nothing depends on it: sorting costs more than the rest. */
  readonly recent: RecentValues | undefined;

  constructor(isHedged: boolean) {
    this.recent = isHedged ? new RecentValues(RECENT) : undefined;
  }

  /** An answer after `ms` of its attempt. */
  answer(ms: number): void {
    this.answered += 1;
    this.latency.record(ms);
    this.recent?.add(ms);
  }

  /** `refused`: the request itself was wrong. */
  fail(cause: FailureCause | 'refused'): void {
    this.failed[cause] = (this.failed[cause] ?? 0) + 1;
  }
}
