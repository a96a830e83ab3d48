import type { LaneKey } from '../work/lane.ts';
import type { ServiceTime } from './service-time.ts';
import type { ServiceTimes } from './service-times.ts';

/** Share that each older batch keeps in how slow a replica is. */
const FACTOR_MEMORY = 0.8;
const LEAST_MS = 1e-3;
/** So many times slower than the usual replica, or faster, it says nothing of the model. */
const OUTLIER = 3;
/** More than so much slower or faster is the same to us. */
const MAX_FACTOR = 20;

/** What is known of how long batches take on one replica. */
export interface ServiceEstimate {
  /** Batches it rests on. */
  readonly batches: number;
  /** How slow it is beside the others: only the ratio of two replicas' factors means anything. */
  readonly factor: number;
  /** Service time of a batch of a lane, in ms; without a lane, of the one seen last. */
  predictMs(rows: number, lane?: LaneKey): number;
}

/** One replica's service time: the curves that all replicas of a version share, times how slow this one is. */
export class ReplicaServiceTime implements ServiceEstimate {
  readonly #shared: ServiceTimes;
  batches = 0;
  factor = 1;

  constructor(shared: ServiceTimes) {
    this.#shared = shared;
    shared.replicas.add(this);
  }

  /** The replica is gone: it is no measure for the others any more. */
  retire(): void {
    this.#shared.replicas.delete(this);
  }

  observe(lane: LaneKey, rows: number, tookMs: number): void {
    const curve: ServiceTime = this.#shared.of(lane);
    const usualMs = Math.max(curve.predictMs(rows), LEAST_MS);
    const ratio = Math.min(Math.max(tookMs / usualMs, 1 / MAX_FACTOR), MAX_FACTOR);
    // Until the shape is known nobody can be told to be slow.
    if (curve.isKnown) this.factor = FACTOR_MEMORY * this.factor + (1 - FACTOR_MEMORY) * ratio;
    // The curves stand for the usual replica, so that plans can be made from them alone.
    // Whoever is far from it teaches them nothing.
    const beside = this.factor / this.#shared.usualFactor;
    if (beside < OUTLIER && beside > 1 / OUTLIER) curve.observe(rows, tookMs / beside);
    this.batches += 1;
  }

  predictMs(rows: number, lane?: LaneKey): number {
    const curve = lane === undefined ? this.#shared.latest : this.#shared.guess(lane);
    return curve.predictMs(rows) * this.factor;
  }
}
