import { Histogram } from '../../base/histogram.ts';
import type { LatencyFacts } from '../../scaling/slowness.ts';

const WINDOW_MS = 30_000;
const QUANTILE = 0.95;

/** Wait and service of the requests of the last half to whole minute. */
export class RecentLatency {
  #since: number;
  #waits = [new Histogram(), new Histogram()] as const;
  #services = [new Histogram(), new Histogram()] as const;

  constructor(now: number) {
    this.#since = now;
  }

  add(waitMs: number, serviceMs: number): void {
    this.#waits[0].record(waitMs);
    this.#services[0].record(serviceMs);
  }

  at(now: number): LatencyFacts {
    if (now - this.#since >= WINDOW_MS) {
      this.#since = now;
      this.#waits = [new Histogram(), this.#waits[0]];
      this.#services = [new Histogram(), this.#services[0]];
    }
    return { waitMs: quantile(this.#waits), serviceMs: quantile(this.#services) };
  }
}

/** The larger of the quantiles of the present and the last window. */
function quantile([present, last]: readonly [Histogram, Histogram]): number {
  return Math.max(present.quantile(QUANTILE), last.quantile(QUANTILE));
}
