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
import type { MarginGoal } from './margin.ts';
import { SloFill } from './slo-fill.ts';

/** The trade-off between waiting and efficiency. */
export type Goal = 'latency' | 'balanced' | 'efficiency';

/** Settings of batching by objective. */
export interface SloBatching {
  /** undefined: nothing is dropped before its deadline, and batches aim at throughput. */
  readonly objective: MarginGoal | undefined;
  readonly goal: Goal;
  /** Largest batch that the settings, the model and memory allow, in rows. */
  readonly maxBatchSize: () => number;
  readonly curveOf: (lane: LaneKey) => ServiceCurve;
}

/** How batches of a lane are planned. */
export interface BatchPlan {
  readonly target: BatchTarget;
  /** Service time of so many rows, in ms. */
  readonly batchMs: (rows: number) => number;
}

/** Facts that a plan depends on beside the service time. */
export type PlanFacts = Pick<BatchFacts, 'replicas' | 'transportMs' | 'margin'>;

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
interface KnownTarget extends BatchPlan, Omit<PlanFacts, 'margin'> {
  readonly batches: number;
  readonly marginMs: number;
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
    const { target } = this.#targetOf(lane.key, facts);
    const targetRows = rowsUnderPressure(target, facts.shedShare, cap);
    const leastRows = WORTHWHILE_SHARE * target.rows;
    const neededRows = (WORTHWHILE_SHARE + (1 - WORTHWHILE_SHARE) * pressureOf(facts.shedShare)) * targetRows;
    const startAt = facts.startAt + facts.transportMs;
    const { marginMs } = target;
    return new SloFill(curve, { targetRows, leastRows, neededRows, cap, startAt, marginMs });
  }

  targetRows(lane: LaneView, facts: BatchFacts): number {
    return this.#targetOf(lane.key, facts).target.rows;
  }

  /** The current plan for a lane's batches; undefined while its service time is unknown. */
  plan(lane: LaneKey, facts: PlanFacts): BatchPlan | undefined {
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
    const { target } = this.#targetOf(lane.key, facts);
    const curve = curveOf(lane.key);
    if (!curve.isKnown || lane.rows >= target.rows) return undefined;
    const nextMs = curve.predictMs(lane.rows + 1);
    const spareMs = target.marginMs + curve.predictMs(Math.max(1, target.rows / 4));
    // The first request by priority or fairness may not be the one with the least time left.
    const dueBy = Math.min(next.dueBy, lane.oldestReceivedAt + objective.latencyMs);
    return dueBy - nextMs - spareMs - facts.transportMs;
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
    const most = Math.min(target.withinObjective, maxRows);
    const gained = Math.max(0, most - target.largest);
    const largest = target.largest + Math.floor(pressureOf(facts.shedShare) * gained);
    return Math.max(1, Math.min(largest, Math.ceil(lane.rows / Math.max(1, facts.idleReplicas))));
  }

  /** Under a crowding tenant, a request that just missed a batch must make the next: two must fit the objective. */
  #uncrowded(lane: LaneView, facts: BatchFacts): number {
    const { objective, maxBatchSize, curveOf } = this.#settings;
    const curve = curveOf(lane.key);
    if (!facts.isCrowded || objective === undefined || !curve.isKnown) return maxBatchSize();
    const { marginMs } = this.#targetOf(lane.key, facts).target;
    const halfMs = (objective.latencyMs - facts.transportMs - marginMs) / 2;
    return Math.max(1, Math.min(maxBatchSize(), curve.rowsWithin(halfMs)));
  }

  #mayPrefetch(lane: LaneView, { transportMs }: BatchFacts): boolean {
    const curve = this.#settings.curveOf(lane.key);
    return !curve.isKnown || transportMs > PREFETCH_SHARE * curve.predictMs(lane.rows);
  }

  #targetOf(lane: LaneKey, { replicas, transportMs, margin }: PlanFacts): KnownTarget {
    const curve = this.#settings.curveOf(lane);
    const maxRows = this.#settings.maxBatchSize();
    const known = this.#targets.get(lane);
    const isFresh =
      known?.batches === curve.batches &&
      known.replicas === replicas &&
      known.transportMs === transportMs &&
      known.marginMs === margin.ms &&
      known.maxRows === maxRows;
    if (known !== undefined && isFresh) return known;
    const latencyMs = this.#settings.objective?.latencyMs;
    const target = curve.isKnown
      ? batchTarget(curve, { replicas, latencyMs, reserveMs: transportMs, margin, maxRows })
      : unknownTarget(maxRows);
    const batchMs = (rows: number) => curve.predictMs(rows);
    const marginMs = margin.ms;
    const found = { target, batchMs, batches: curve.batches, replicas, transportMs, marginMs, maxRows };
    if (this.#targets.size >= MAX_TARGETS) this.#targets.clear();
    this.#targets.set(lane, found);
    return found;
  }
}

/** Bound on cached targets; computing one again costs little. */
const MAX_TARGETS = 256;

function unknownTarget(maxRows: number): BatchTarget {
  const rows = Math.min(UNKNOWN_TARGET_ROWS, maxRows);
  const withinObjective = Number.POSITIVE_INFINITY;
  return { rows, withinObjective, marginMs: 0, mostMarginMs: 0, knee: rows, largest: maxRows, gain: 1 };
}

/** How much only throughput counts, 0 to 1. */
function pressureOf(shedShare: number): number {
  return Math.min(1, shedShare / FULL_FROM_SHED_SHARE);
}

/** The size to aim at: when many requests are shed, as full as the objective allows, but at most `cap`. */
function rowsUnderPressure(target: BatchTarget, shedShare: number, cap: number): number {
  const fullest = Math.max(target.rows, Math.min(target.withinObjective, cap));
  return target.rows + pressureOf(shedShare) * (fullest - target.rows);
}
