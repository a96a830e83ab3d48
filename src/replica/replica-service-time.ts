import type { LaneKey } from '../work/lane.ts';
import type { ServiceTime } from './service-time.ts';
import type { ServiceTimes } from './service-times.ts';

/** Weight that older batches keep in the factor at each new batch. */
const FACTOR_MEMORY = 0.8;
const LEAST_MS = 1e-3;
/** Beyond this factor, slower or faster, a replica does not contribute to the shared curves. */
const OUTLIER = 3;
/** The share of batches within one standard deviation above the mean. */
const ABOVE_MOST = 5 / 6;
/** Bound on the factor in either direction. */
const MAX_FACTOR = 20;

/** The service time of one replica. */
export interface ServiceEstimate {
  /** Number of batches it is based on. */
  readonly batches: number;
  /** How slow the replica is; only the ratio of two replicas' factors has a meaning. */
  readonly factor: number;
  /** Service time of a batch of a lane, in ms; without a lane, of the last one run. */
  predictMs(rows: number, lane?: LaneKey): number;
  /** How far single batches are above their prediction: by this share of it or less, five times in six. */
  spread(lane: LaneKey): number;
}

/** One replica's service time: the curves shared by all replicas of a version, times this replica's factor. */
export class ReplicaServiceTime implements ServiceEstimate {
  readonly #shared: ServiceTimes;
  batches = 0;
  factor = 1;

  constructor(shared: ServiceTimes) {
    this.#shared = shared;
    shared.replicas.add(this);
  }

  /** The replica is gone and no longer counts towards the usual factor. */
  retire(): void {
    this.#shared.replicas.delete(this);
  }

  observe(lane: LaneKey, rows: number, tookMs: number): void {
    const curve: ServiceTime = this.#shared.of(lane);
    const usualMs = Math.max(curve.predictMs(rows), LEAST_MS);
    const ratio = Math.min(Math.max(tookMs / usualMs, 1 / MAX_FACTOR), MAX_FACTOR);
    // Before the curve is known, slowness cannot be told from batch size.
    if (curve.isKnown) this.factor = FACTOR_MEMORY * this.factor + (1 - FACTOR_MEMORY) * ratio;
    // The curves describe the usual replica, so that plans can use them alone. A replica far from it does not change
    // them.
    const beside = this.factor / this.#shared.usualFactor;
    if (beside < OUTLIER && beside > 1 / OUTLIER) curve.observe(rows, tookMs / beside);
    this.batches += 1;
  }

  predictMs(rows: number, lane?: LaneKey): number {
    const curve = lane === undefined ? this.#shared.latest : this.#shared.guess(lane);
    return curve.predictMs(rows) * this.factor;
  }

  spread(lane: LaneKey): number {
    return this.#shared.guess(lane).planFactor(ABOVE_MOST) - 1;
  }
}
