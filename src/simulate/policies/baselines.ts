import type {
  BatchDecision,
  BatchFacts,
  BatchFill,
  BatchPolicy,
  Ruling,
} from '../../batching/batch-policy.ts';
import { NOTHING, PlainFill, WAIT_FOR_TURN } from '../../batching/batch-policy.ts';
import type { ServiceCurve } from '../../batching/batch-target.ts';
import { ExplicitPolicy } from '../../batching/explicit-policy.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import type { LaneView, WaitingRequest } from '../../work/lane.ts';
import type { Learner } from './policy-run.ts';

/** A policy to compare with: a rule of another server, or a simpler one. */
export interface Baseline {
  readonly name: string;
  /** New for each run, because some policies learn. */
  make(curve: ServiceCurve, latencyMs: number): BatchPolicy & Learner;
}

const LARGEST = 32;

function byNumbers(name: string, size: number, maxWaitMs: number | undefined): Baseline {
  return { name, make: () => new ExplicitPolicy({ maxBatchSize: () => size, maxWaitMs }) };
}

/** Baselines are compared on a single lane. */
function onlyLane(lanes: Iterable<LaneView>): LaneView | undefined {
  for (const lane of lanes) return lane;
  return undefined;
}

/** Sends what waits as soon as a replica is idle. */
abstract class Greedy implements BatchPolicy {
  choose(lanes: Iterable<LaneView>, { hasIdleReplica, isTurnEnding }: BatchFacts): BatchDecision {
    const lane = onlyLane(lanes);
    if (lane === undefined || !hasIdleReplica) return NOTHING;
    return isTurnEnding ? { kind: 'send', lane, reason: 'idle' } : WAIT_FOR_TURN;
  }

  abstract fill(lane: LaneView, maxRows: number, facts: BatchFacts): BatchFill;

  targetRows(): number {
    return LARGEST;
  }
}

/**
 * Batches as large as the first request's deadline allows; drops only requests that cannot meet it. Under overload
 * old requests make tiny batches.
 */
class HeadDropOnly extends Greedy {
  readonly #curve: ServiceCurve;

  constructor(curve: ServiceCurve) {
    super();
    this.#curve = curve;
  }

  fill(_lane: LaneView, maxRows: number, { now }: BatchFacts): BatchFill {
    let cap = maxRows;
    let rows = 0;
    return {
      rule: (next: WaitingRequest): Ruling => {
        const fit = this.#curve.rowsWithin(next.dueBy - now);
        if (fit < next.rows) return 'drop';
        cap = Math.min(cap, fit);
        if (rows + next.rows > cap) return 'stop';
        rows += next.rows;
        return 'take';
      },
    };
  }
}

/** Clipper: the largest batch grows by one while batches meet the objective, and shrinks by a tenth on a miss. */
class Aimd extends Greedy implements Learner {
  readonly #latencyMs: number;
  #largest = 1;

  constructor(latencyMs: number) {
    super();
    this.#latencyMs = latencyMs;
  }

  fill(): BatchFill {
    return new PlainFill(Math.max(1, Math.floor(this.#largest)));
  }

  ended({ sentAt, endedAt, work }: BatchEnded): void {
    if (endedAt - sentAt > this.#latencyMs) this.#largest *= 0.9;
    else if (work.rows >= Math.floor(this.#largest)) this.#largest += 1;
  }
}

/** Triton: preferred sizes at once, otherwise all rows when the oldest has waited for the delay. */
class PreferredSizes implements BatchPolicy {
  readonly #sizes: readonly number[];
  readonly #delayMs: number;

  constructor(sizes: readonly number[], delayMs: number) {
    this.#sizes = sizes;
    this.#delayMs = delayMs;
  }

  choose(lanes: Iterable<LaneView>, { now, hasIdleReplica, isTurnEnding }: BatchFacts): BatchDecision {
    const lane = onlyLane(lanes);
    if (lane === undefined || !hasIdleReplica) return NOTHING;
    if (!isTurnEnding) return WAIT_FOR_TURN;
    const dueMs = lane.oldestReceivedAt + this.#delayMs;
    if (this.#preferred(lane.rows) !== undefined || now >= dueMs)
      return { kind: 'send', lane, reason: 'timer' };
    return { kind: 'wait', untilMs: dueMs };
  }

  fill(lane: LaneView, _maxRows: number, { now }: BatchFacts): BatchFill {
    const isDue = now >= lane.oldestReceivedAt + this.#delayMs;
    return new PlainFill(isDue ? LARGEST : (this.#preferred(lane.rows) ?? LARGEST));
  }

  targetRows(): number {
    return LARGEST;
  }

  #preferred(rows: number): number | undefined {
    return this.#sizes.findLast((size) => size <= rows);
  }
}

/** BentoML: waits while past waits show a gain; drops the oldest requests by the predicted time of the whole queue. */
class Cork implements BatchPolicy, Learner {
  readonly #curve: ServiceCurve;
  readonly #latencyMs: number;
  readonly #firstWaits: number[] = [];
  #newestAt = 0;

  constructor(curve: ServiceCurve, latencyMs: number) {
    this.#curve = curve;
    this.#latencyMs = latencyMs;
  }

  arrived(now: number): void {
    this.#newestAt = now;
  }

  choose(lanes: Iterable<LaneView>, { now, hasIdleReplica, isTurnEnding }: BatchFacts): BatchDecision {
    const lane = onlyLane(lanes);
    if (lane === undefined || !hasIdleReplica) return NOTHING;
    if (!isTurnEnding) return WAIT_FOR_TURN;
    const rowMs = this.#curve.predictMs(2) - this.#curve.predictMs(1);
    const meanWaitMs =
      this.#firstWaits.reduce((sum, ms) => sum + ms, 0) / Math.max(1, this.#firstWaits.length);
    const cost = lane.rows * (now - this.#newestAt + 1 + rowMs);
    if (lane.rows < LARGEST && cost <= 0.95 * meanWaitMs) return { kind: 'wait', untilMs: now + 1 };
    return { kind: 'send', lane, reason: 'timer' };
  }

  fill(lane: LaneView, _maxRows: number, { now }: BatchFacts): BatchFill {
    let rows = 0;
    return {
      rule: ({ rows: own, dueBy }: WaitingRequest, rowsLeft: number): Ruling => {
        const waitedMs = this.#latencyMs - (dueBy - now);
        if (rowsLeft > 1 && rows === 0 && waitedMs + this.#curve.predictMs(rowsLeft) >= this.#latencyMs)
          return 'drop';
        if (rows + own > LARGEST) return 'stop';
        if (rows === 0) this.#waited(now - lane.oldestReceivedAt);
        rows += own;
        return 'take';
      },
    };
  }

  targetRows(): number {
    return LARGEST;
  }

  #waited(ms: number): void {
    this.#firstWaits.push(ms);
    if (this.#firstWaits.length > 50) this.#firstWaits.shift();
  }
}

/** The policies that Galley's is compared with. */
export const BASELINES: readonly Baseline[] = [
  byNumbers('B=1', 1, undefined),
  byNumbers('fixed 32/100', LARGEST, 100),
  byNumbers('greedy cap 32', LARGEST, undefined),
  { name: 'head-drop only', make: (curve) => new HeadDropOnly(curve) },
  { name: 'Clipper AIMD', make: (_curve, latencyMs) => new Aimd(latencyMs) },
  {
    name: 'Triton preferred 8/16/32, delay 5',
    make: () => new PreferredSizes([8, 16, LARGEST], 5),
  },
  { name: 'BentoML cork', make: (curve, latencyMs) => new Cork(curve, latencyMs) },
];
