import { Histogram } from '../../base/histogram.ts';

/** Counts the outcomes of requests, all and by tenant. */
export class OutcomeTally {
  readonly #withinMs: number;
  readonly latencyMs = new Histogram();
  readonly shareOf = new Map<string, { inTime: number; offered: number; latencyMs: Histogram }>();
  offered = 0;
  inTime = 0;
  answeredLate = 0;
  shed = 0;
  failed = 0;
  left = 0;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  open(tenant: string, isCounted: boolean) {
    if (!isCounted) return { answered() {}, refused() {} };
    let share = this.shareOf.get(tenant);
    if (share === undefined) {
      share = { inTime: 0, offered: 0, latencyMs: new Histogram() };
      this.shareOf.set(tenant, share);
    }
    const own = share;
    this.offered += 1;
    own.offered += 1;
    return {
      answered: (tookMs: number) => {
        this.latencyMs.record(tookMs);
        own.latencyMs.record(tookMs);
        if (tookMs <= this.#withinMs + 1e-9) {
          this.inTime += 1;
          own.inTime += 1;
        } else this.answeredLate += 1;
      },
      refused: (reason: string) => {
        if (reason === 'CANCELLED') this.left += 1;
        else if (reason === 'MODEL_ERROR') this.failed += 1;
        else this.shed += 1;
      },
    };
  }

  result() {
    const { offered, inTime, answeredLate, shed: refused, failed, left, latencyMs, shareOf } = this;
    return { offered, inTime, answeredLate, refused, failed, left, latencyMs, shareOf };
  }
}
