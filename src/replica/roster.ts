import { select } from '../base/select.ts';
import type { LaneKey } from '../work/lane.ts';
import { BusyShare } from './busy-share.ts';
import type { Replica, ReplicaId } from './replica.ts';
import { ReplicaServiceTime, type ServiceEstimate } from './replica-service-time.ts';
import type { HealthStatus } from './replica-state.ts';
import { ServiceTimes } from './service-times.ts';

/** A replica as balancers see it. */
export interface ReplicaView {
  readonly id: ReplicaId;
  /** Position among the replicas of its version, from 0. */
  readonly index: number;
  /** undefined when it takes no traffic: starting, warming, draining, or set apart. */
  readonly healthStatus: HealthStatus | undefined;
  /** It is healthy and reserved for a request that must run alone. */
  readonly isSetApart: boolean;
  /** Batches it has now, running or waiting inside it. */
  readonly running: number;
  /** Configured weight, times its share during slow start. */
  readonly weight: number;
  /** Share of a full batch that it gets, in (0, 1]. */
  readonly share: number;
  readonly service: ServiceEstimate;
  /** Predicted end of its outstanding batches. */
  readonly busyUntil: number;
}

/** What a credit is lent for. */
export interface LeaseTerms {
  readonly now: number;
  /** Expected duration of the batch. */
  readonly forMs: number;
  /** The batch must have the replica to itself; it is lent all credits. */
  readonly isAlone: boolean;
}

/** A borrowed credit, or all credits of a replica. Repeated returns have no effect. */
export interface Lease {
  readonly replica: Replica;
  release(now: number): void;
}

class RosterSlot implements ReplicaView {
  readonly id: ReplicaId;
  readonly index: number;
  readonly baseWeight: number;
  readonly replica: Replica;
  readonly service: ReplicaServiceTime;
  ownHealthStatus: HealthStatus | undefined;
  isSetApart = false;
  share = 1;
  running = 0;
  credits = 0;
  busyUntil = 0;
  /** Predicted duration of the outstanding batches, in ms. */
  dueMs = 0;

  constructor(
    replica: Replica,
    { index, weight }: Pick<ReplicaView, 'index' | 'weight'>,
    shared: ServiceTimes,
  ) {
    this.service = new ReplicaServiceTime(shared);
    this.id = replica.id;
    this.index = index;
    this.baseWeight = weight;
    this.replica = replica;
  }

  get healthStatus(): HealthStatus | undefined {
    return this.isSetApart ? undefined : this.ownHealthStatus;
  }

  get weight(): number {
    return this.baseWeight * this.share;
  }
}

function hasCredit({ credits }: RosterSlot): boolean {
  return credits > 0;
}

/** The replicas of a version, their health and their free credits. Sole owner of credits. */
export class Roster {
  readonly #slots = new Map<ReplicaId, RosterSlot>();
  /** Service times learned from all replicas together. */
  readonly service = new ServiceTimes();
  #views: readonly RosterSlot[] = [];
  readonly #busy = new BusyShare();

  /** Throws when the slot has a replica already. */
  add(replica: Replica, index: number, weight: number): void {
    if (this.#slots.has(replica.id)) throw new Error(`the slot of replica ${replica.id} is taken`);
    this.#slots.set(replica.id, new RosterSlot(replica, { index, weight }, this.service));
    this.#views = [...this.#slots.values()].sort((a, b) => a.index - b.index);
  }

  remove(id: ReplicaId): void {
    this.#slots.get(id)?.service.retire();
    this.#slots.delete(id);
    this.#views = this.#views.filter((slot) => slot.id !== id);
  }

  grant(id: ReplicaId, credits: number): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined) slot.credits += credits;
  }

  setHealthStatus(id: ReplicaId, healthStatus: HealthStatus | undefined): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined) slot.ownHealthStatus = healthStatus;
  }

  /** Sets the share of its full load that a replica gets, in (0, 1]. */
  setShare(id: ReplicaId, share: number): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined) slot.share = share;
  }

  /** A replica that is set apart gets only work pinned to it. */
  setApart(id: ReplicaId, isSetApart: boolean): void {
    const slot = this.#slots.get(id);
    if (slot !== undefined) slot.isSetApart = isSetApart;
  }

  /** Records the duration of a batch. */
  observe(id: ReplicaId, lane: LaneKey, rows: number, tookMs: number): void {
    this.#slots.get(id)?.service.observe(lane, rows, tookMs);
  }

  views(): readonly ReplicaView[] {
    return this.#views;
  }

  view(id: ReplicaId): ReplicaView | undefined {
    return this.#slots.get(id);
  }

  /** Every replica with a credit, in any state. */
  free(): readonly ReplicaView[] {
    return select(this.#views, hasCredit);
  }

  /** Share of the last second in which serving replicas were running a batch. */
  busyShare(now: number): number {
    return this.#busy.at(now);
  }

  /** Number of replicas that take callers' work. */
  get serving(): number {
    let serving = 0;
    for (const { healthStatus } of this.#views)
      if (healthStatus === 'ready' || healthStatus === 'degraded') serving += 1;
    return serving;
  }

  /** Predicted time until a serving replica is idle, in ms. */
  idleInMs(now: number): number {
    let leastMs = Number.POSITIVE_INFINITY;
    for (const { healthStatus, running, busyUntil } of this.#views) {
      if (healthStatus !== 'ready' && healthStatus !== 'degraded') continue;
      leastMs = Math.min(leastMs, running === 0 ? 0 : Math.max(0, busyUntil - now));
    }
    return Number.isFinite(leastMs) ? leastMs : 0;
  }

  /** Lends a credit, or all credits to a batch that must run alone. Throws when there is none. */
  lease(id: ReplicaId, { now, forMs, isAlone }: LeaseTerms): Lease {
    const slot = this.#slots.get(id);
    if (slot === undefined || slot.credits === 0) throw new Error(`replica ${id} has no credit to lend`);
    const lent = isAlone ? slot.credits : 1;
    slot.credits -= lent;
    slot.running += 1;
    slot.dueMs += forMs;
    slot.busyUntil = Math.max(now, slot.busyUntil) + forMs;
    this.#countBusy(now);
    let isOut = true;
    return {
      replica: slot.replica,
      release: (endedAt) => {
        if (!isOut) return;
        isOut = false;
        slot.credits += lent;
        slot.running -= 1;
        // The prediction of the ended batch is removed; the batch behind it starts now.
        slot.dueMs = slot.running === 0 ? 0 : slot.dueMs - forMs;
        slot.busyUntil = endedAt + slot.dueMs;
        this.#countBusy(endedAt);
      },
    };
  }

  #countBusy(now: number): void {
    let busy = 0;
    for (const { running } of this.#views) if (running > 0) busy += 1;
    this.#busy.changed(now, busy, this.#views.length);
  }
}
