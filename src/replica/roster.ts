import type { Replica, ReplicaId } from './replica.ts';
import type { Standing } from './replica-state.ts';
import { ReplicaServiceTime, type ServiceEstimate, ServiceTime } from './service-time.ts';

/** A replica as balancers see it. */
export interface ReplicaView {
  readonly id: ReplicaId;
  /** Position among the replicas of its version, from 0. */
  readonly index: number;
  /** How well it does; undefined where it takes no traffic at all: starting, practising, leaving, or set apart. */
  readonly standing: Standing | undefined;
  /** It is well, and kept for something that must be alone. */
  readonly isSetApart: boolean;
  /** Batches it has now, running or waiting inside it. */
  readonly running: number;
  /** Its weight in the settings, times the share it has while it is eased in. */
  readonly weight: number;
  /** Share of a full batch that it gets, in (0, 1]. */
  readonly share: number;
  readonly service: ServiceEstimate;
}

/** A borrowed credit, or all of them. It goes back exactly once, however often it is returned. */
export interface Lease {
  readonly replica: Replica;
  release(): void;
}

class Seat implements ReplicaView {
  readonly id: ReplicaId;
  readonly index: number;
  readonly baseWeight: number;
  readonly replica: Replica;
  readonly service: ReplicaServiceTime;
  ownStanding: Standing | undefined;
  isSetApart = false;
  share = 1;
  running = 0;
  credits = 0;

  constructor(replica: Replica, index: number, weight: number, shared: ServiceTime) {
    this.service = new ReplicaServiceTime(shared);
    this.id = replica.id;
    this.index = index;
    this.baseWeight = weight;
    this.replica = replica;
  }

  get standing(): Standing | undefined {
    return this.isSetApart ? undefined : this.ownStanding;
  }

  get weight(): number {
    return this.baseWeight * this.share;
  }
}

/** Who is there, how well they do, and who has room for a batch. Sole owner of credits. */
export class Roster {
  readonly #seats = new Map<ReplicaId, Seat>();
  readonly #service = new ServiceTime();
  #views: readonly Seat[] = [];

  /** Throws when somebody sits there: a place has one replica at a time. */
  add(replica: Replica, index: number, weight: number): void {
    if (this.#seats.has(replica.id)) throw new Error(`the seat of replica ${replica.id} is taken`);
    this.#seats.set(replica.id, new Seat(replica, index, weight, this.#service));
    this.#views = [...this.#seats.values()].sort((a, b) => a.index - b.index);
  }

  remove(id: ReplicaId): void {
    this.#seats.delete(id);
    this.#views = this.#views.filter((seat) => seat.id !== id);
  }

  grant(id: ReplicaId, credits: number): void {
    const seat = this.#seats.get(id);
    if (seat !== undefined) seat.credits += credits;
  }

  setStanding(id: ReplicaId, standing: Standing | undefined): void {
    const seat = this.#seats.get(id);
    if (seat !== undefined) seat.ownStanding = standing;
  }

  /** The part of its full load that a replica gets, in (0, 1]. */
  setShare(id: ReplicaId, share: number): void {
    const seat = this.#seats.get(id);
    if (seat !== undefined) seat.share = share;
  }

  /** A replica set apart gets nothing but what is meant for it alone. */
  setApart(id: ReplicaId, isSetApart: boolean): void {
    const seat = this.#seats.get(id);
    if (seat !== undefined) seat.isSetApart = isSetApart;
  }

  /** What a batch took there. */
  observe(id: ReplicaId, rows: number, tookMs: number): void {
    this.#seats.get(id)?.service.observe(rows, tookMs);
  }

  views(): readonly ReplicaView[] {
    return this.#views;
  }

  view(id: ReplicaId): ReplicaView | undefined {
    return this.#seats.get(id);
  }

  /** Every replica with a credit, in any state. */
  free(): readonly ReplicaView[] {
    return this.#views.filter((seat) => seat.credits > 0);
  }

  /** Lends one credit, or all there are to whoever must be alone. */
  lease(id: ReplicaId, isAlone = false): Lease {
    const seat = this.#seats.get(id);
    if (seat === undefined || seat.credits === 0) throw new Error(`replica ${id} has no credit to lend`);
    const lent = isAlone ? seat.credits : 1;
    seat.credits -= lent;
    seat.running += 1;
    let isOut = true;
    return {
      replica: seat.replica,
      release: () => {
        if (!isOut) return;
        isOut = false;
        seat.credits += lent;
        seat.running -= 1;
      },
    };
  }
}
