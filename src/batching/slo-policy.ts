import type { LaneKey, LaneView } from '../work/lane.ts';
import {
  type BatchDecision,
  type BatchFacts,
  type BatchFill,
  type BatchPolicy,
  NOTHING,
  PlainFill,
  WAIT_FOR_TURN,
} from './batch-policy.ts';
import { type BatchTarget, batchTarget, type ServiceCurve } from './batch-target.ts';
import { sizeUnderThrows } from './bisect.ts';
import { SloFill } from './slo-fill.ts';

/** The trade-off between waiting and efficiency. */
export type Goal = 'latency' | 'balanced' | 'efficiency';

/** Settings of batching by objective. */
export interface SloBatching {
  /** undefined: nothing is dropped before its deadline, and batches aim at throughput. */
  readonly objective: { readonly latencyMs: number; readonly percentile: number } | undefined;
  readonly goal: Goal;
  /** Largest batch that the settings, the model and memory allow, in rows. */
  readonly maxBatchSize: () => number;
  readonly curveOf: (lane: LaneKey) => ServiceCurve;
}

/** How batches of a lane are planned. */
export interface BatchPlan {
  readonly target: BatchTarget;
  readonly planFactor: number;
  /** Planned service time of so many rows. */
  readonly plannedMs: (rows: number) => number;
  /** The same without the margin. */
  readonly usualMs: (rows: number) => number;
}

/** While more is waiting, the first request is dropped if it would limit its batch to less than this share of b*. */
const WORTHWHILE_SHARE = 0.5;
/** Above this share of shed requests no batch waits to grow. */
const WAITING_SHED_SHARE = 0.01;
/** From this share of shed requests on, the oldest are shed, so that all batches are full. */
const FULL_FROM_SHED_SHARE = 0.1;
/** The goal `balanced` waits only while the replicas are busier than this. */
const BUSY_SHARE = 0.6;
/** A second batch is sent ahead only where its transport costs more than this share of its service time. */
const PREFETCH_SHARE = 0.01;
/** Target while nothing is known about the service time. */
const UNKNOWN_TARGET_ROWS = 32;

/** A target, and what it was derived from. */
interface KnownTarget extends BatchPlan {
  readonly batches: number;
  readonly replicas: number;
  readonly transportMs: number;
  readonly maxRows: number;
}

/**
 * Batches by an objective. Work-conserving: an idle replica takes the waiting rows, as many as keep the objective;
 * the lane with the least slack goes first. The oldest requests are dropped when they are so late that they would
 * make batches small, because small batches would make all later requests late too.
 */
export class SloPolicy implements BatchPolicy {
  readonly #settings: SloBatching;
  readonly #targets = new Map<LaneKey, KnownTarget>();

  constructor(settings: SloBatching) {
    this.#settings = settings;
  }

  choose(lanes: Iterable<LaneView>, facts: BatchFacts): BatchDecision {
    let chosen: LaneView | undefined;
    let leastSlack = Number.POSITIVE_INFINITY;
    const all = this.#settings.goal === 'latency' ? undefined : [...lanes];
    for (const lane of all ?? lanes) {
      const slack = this.#urgency(lane, facts);
      if (chosen === undefined || slack < leastSlack) [chosen, leastSlack] = [lane, slack];
    }
    if (chosen === undefined) return NOTHING;
    let soonest = this.#decide(chosen, facts);
    if (all === undefined || soonest.kind !== 'wait') return soonest;
    // A lane that waits for more rows must not delay another one.
    for (const lane of all) {
      const decision = this.#decide(lane, facts);
      if (decision.kind === 'send') return decision;
      if (decision.kind === 'wait' && decision.untilMs < soonest.untilMs) soonest = decision;
    }
    return soonest;
  }

  #decide(chosen: LaneView, facts: BatchFacts): BatchDecision {
    if (chosen.rows >= this.#largest(chosen, facts)) {
      if (facts.hasIdleReplica || this.#mayPrefetch(chosen, facts)) {
        return { kind: 'send', lane: chosen, reason: 'size' };
      }
      return NOTHING;
    }
    if (!facts.hasIdleReplica) {
      const isFull = chosen.rows >= this.targetRows(chosen, facts) && this.#mayPrefetch(chosen, facts);
      if (!isFull) return NOTHING;
    }
    if (!facts.isTurnEnding) return WAIT_FOR_TURN;
    const startAt = this.#startAt(chosen, facts);
    if (startAt === undefined) return { kind: 'send', lane: chosen, reason: 'idle' };
    return startAt > facts.now
      ? { kind: 'wait', untilMs: startAt }
      : { kind: 'send', lane: chosen, reason: 'slack' };
  }

  fill(lane: LaneView, maxRows: number, facts: BatchFacts): BatchFill {
    const cap = Math.min(maxRows, this.#largest(lane, facts));
    const curve = this.#settings.curveOf(lane.key);
    if (this.#settings.objective === undefined || !curve.isKnown) return new PlainFill(cap);
    const { target, planFactor } = this.#targetOf(lane.key, facts);
    const startAt = facts.startAt + facts.transportMs;
    const hopeAt = facts.startAt + facts.usualTransportMs;
    // When many requests are shed only throughput counts, and batches are as full as the objective allows.
    const pressure = Math.min(1, facts.shedShare / FULL_FROM_SHED_SHARE);
    const fullest = Math.max(target.rows, Math.min(target.withinObjective, cap));
    const targetRows = target.rows + pressure * (fullest - target.rows);
    const leastRows = WORTHWHILE_SHARE * target.rows;
    const neededRows = (WORTHWHILE_SHARE + (1 - WORTHWHILE_SHARE) * pressure) * targetRows;
    return new SloFill(curve, { planFactor, targetRows, leastRows, neededRows, cap, startAt, hopeAt });
  }

  targetRows(lane: LaneView, facts: BatchFacts): number {
    return this.#targetOf(lane.key, facts).target.rows;
  }

  /** The current plan for a lane's batches; undefined while its service time is unknown. */
  plan(lane: LaneKey, facts: Pick<BatchFacts, 'replicas' | 'transportMs'>): BatchPlan | undefined {
    const curve = this.#settings.curveOf(lane);
    return curve.isKnown ? this.#targetOf(lane, facts) : undefined;
  }

  /** When the lane must be sent at the latest, by the planned time. Used only for ordering. */
  #urgency(lane: LaneView, facts: BatchFacts): number {
    const { objective } = this.#settings;
    const { next } = lane;
    if (next === undefined) return Number.POSITIVE_INFINITY;
    if (objective === undefined) return next.rank;
    const curve = this.#settings.curveOf(lane.key);
    return next.rank + objective.latencyMs - curve.predictMs(Math.min(lane.rows, this.#largest(lane, facts)));
  }

  /** When a batch that may wait for more rows should be sent; undefined when it should not wait. */
  #startAt(lane: LaneView, facts: BatchFacts): number | undefined {
    const { goal, objective, curveOf } = this.#settings;
    const { next } = lane;
    if (goal === 'latency' || objective === undefined || next === undefined) return undefined;
    // While requests are shed, a replica must not be idle.
    if (facts.shedShare > WAITING_SHED_SHARE) return undefined;
    if (goal === 'balanced' && facts.busyShare() <= BUSY_SHARE) return undefined;
    const { target, planFactor } = this.#targetOf(lane.key, facts);
    const curve = curveOf(lane.key);
    if (!curve.isKnown || lane.rows >= target.rows) return undefined;
    const nextMs = planFactor * curve.predictMs(lane.rows + 1);
    const marginMs = curve.predictMs(Math.max(1, target.rows / 4));
    // The first request by priority or fairness may not be the one with the least time left.
    const dueBy = Math.min(next.dueBy, lane.oldestReceivedAt + objective.latencyMs);
    return dueBy - nextMs - marginMs - facts.transportMs;
  }

  /** Rows of the largest batch that may be sent now. */
  #largest(lane: LaneView, facts: BatchFacts): number {
    const { target } = this.#targetOf(lane.key, facts);
    const maxRows = this.#uncrowded(lane, facts);
    if (facts.badShare > 0) {
      const curve = this.#settings.curveOf(lane.key);
      const most = Math.min(maxRows, target.withinObjective);
      const best = sizeUnderThrows(facts.badShare, most, (rows) => curve.predictMs(rows));
      // A few rows more than the best size are sent together, so that none are left over.
      return best > 1 && lane.rows > best && lane.rows < 2 * best ? Math.min(lane.rows, most) : best;
    }
    if (target.largest >= maxRows) return maxRows;
    // Little is gained by batching, so idle replicas share the rows. When many are shed, even that little counts.
    const pressure = Math.min(1, facts.shedShare / FULL_FROM_SHED_SHARE);
    const most = Math.min(target.withinObjective, maxRows);
    const largest = target.largest + Math.floor(pressure * Math.max(0, most - target.largest));
    return Math.max(1, Math.min(largest, Math.ceil(lane.rows / Math.max(1, facts.idleReplicas))));
  }

  /** Under a crowding tenant, a request that just missed a batch must make the next: two must fit the objective. */
  #uncrowded(lane: LaneView, facts: BatchFacts): number {
    const { objective, maxBatchSize, curveOf } = this.#settings;
    const curve = curveOf(lane.key);
    if (!facts.isCrowded || objective === undefined || !curve.isKnown) return maxBatchSize();
    const { planFactor } = this.#targetOf(lane.key, facts);
    const halfMs = (objective.latencyMs - facts.transportMs) / 2;
    return Math.max(1, Math.min(maxBatchSize(), curve.rowsWithin(halfMs / planFactor)));
  }

  #mayPrefetch(lane: LaneView, { transportMs }: BatchFacts): boolean {
    const curve = this.#settings.curveOf(lane.key);
    return !curve.isKnown || transportMs > PREFETCH_SHARE * curve.predictMs(lane.rows);
  }

  #targetOf(
    lane: LaneKey,
    { replicas, transportMs }: Pick<BatchFacts, 'replicas' | 'transportMs'>,
  ): KnownTarget {
    const curve = this.#settings.curveOf(lane);
    const maxRows = this.#settings.maxBatchSize();
    const known = this.#targets.get(lane);
    const isFresh =
      known?.batches === curve.batches &&
      known.replicas === replicas &&
      known.transportMs === transportMs &&
      known.maxRows === maxRows;
    if (known !== undefined && isFresh) return known;
    const { objective } = this.#settings;
    const planFactor = curve.planFactor(planQuantile(objective?.percentile ?? 99));
    const latencyMs = objective?.latencyMs;
    const target = curve.isKnown
      ? batchTarget(curve, { replicas, latencyMs, reserveMs: transportMs, planFactor, maxRows })
      : unknownTarget(maxRows);
    const plannedMs = (rows: number) => planFactor * curve.predictMs(rows);
    const usualMs = (rows: number) => curve.predictMs(rows);
    const found = {
      target,
      planFactor,
      plannedMs,
      usualMs,
      batches: curve.batches,
      replicas,
      transportMs,
      maxRows,
    };
    if (this.#targets.size >= MAX_TARGETS) this.#targets.clear();
    this.#targets.set(lane, found);
    return found;
  }
}

/** Bound on cached targets; computing one again costs little. */
const MAX_TARGETS = 256;

function unknownTarget(maxRows: number): BatchTarget {
  const rows = Math.min(UNKNOWN_TARGET_ROWS, maxRows);
  return { rows, withinObjective: Number.POSITIVE_INFINITY, knee: rows, largest: maxRows, gain: 1 };
}

/** Allows three times as many late batches as late requests: most members of a late batch had time to spare. */
function planQuantile(percentile: number): number {
  return Math.max(0.5, 1 - 3 * (1 - percentile / 100));
}
