import type { ServiceCurve } from '../../batching/batch-target.ts';
import { SloPolicy } from '../../batching/slo-policy.ts';
import type { MakePolicy } from '../../fleet/version/make-batching.ts';

/** A known service time: a line, without learning and without error. */
export class KnownCurve implements ServiceCurve {
  readonly batches = 1;
  readonly isKnown = true;
  readonly #fixedMs: number;
  readonly #rowMs: number;

  constructor(fixedMs: number, rowMs: number) {
    this.#fixedMs = fixedMs;
    this.#rowMs = rowMs;
  }

  predictMs(rows: number): number {
    return this.#fixedMs + this.#rowMs * rows;
  }

  rowsWithin(limitMs: number): number {
    return Math.max(0, Math.floor((limitMs - this.#fixedMs) / this.#rowMs + 1e-9));
  }
}

/** Galley's policy with a known service time. */
export function withKnownCurve(curve: ServiceCurve, latencyMs: number): MakePolicy {
  return ({ maxBatchSize, roster, transport, margin }) => {
    const objective = { latencyMs, percentile: 99 };
    const policy = new SloPolicy({ objective, goal: 'latency', maxBatchSize, curveOf: () => curve });
    const planOf = (lane: string) =>
      policy.plan(lane, { replicas: roster.serving, transportMs: transport.ms, margin });
    return { policy, planOf };
  };
}
