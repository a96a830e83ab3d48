import type { Replica, ReplicaId } from './replica.ts';

/** A replica as balancers see it. */
export interface ReplicaView {
  readonly id: ReplicaId;
  /** Position among the replicas of its version, from 0. */
  readonly index: number;
  readonly isReady: boolean;
  /** Batches it has now, running or waiting inside it. */
  readonly running: number;
  readonly weight: number;
}

/** A borrowed credit. It goes back exactly once, however often it is returned. */
export interface Lease {
  readonly replica: Replica;
  release(): void;
}

class Seat implements ReplicaView {
  readonly id: ReplicaId;
  readonly index: number;
  readonly weight: number;
  readonly replica: Replica;
  isReady = false;
  running = 0;
  credits = 0;

  constructor(replica: Replica, index: number, weight: number) {
    this.id = replica.id;
    this.index = index;
    this.weight = weight;
    this.replica = replica;
  }
}

/** Who is there, who is ready, and who has room for a batch. Sole owner of credits. */
export class Roster {
  readonly #seats = new Map<ReplicaId, Seat>();
  #views: readonly Seat[] = [];

  add(replica: Replica, index: number, weight: number): void {
    this.#seats.set(replica.id, new Seat(replica, index, weight));
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

  setReady(id: ReplicaId, isReady: boolean): void {
    const seat = this.#seats.get(id);
    if (seat !== undefined) seat.isReady = isReady;
  }

  views(): readonly ReplicaView[] {
    return this.#views;
  }

  /** Every replica with a credit, ready or not. */
  free(): readonly ReplicaView[] {
    return this.#views.filter((seat) => seat.credits > 0);
  }

  readyCount(): number {
    return this.#views.reduce((count, seat) => count + (seat.isReady ? 1 : 0), 0);
  }

  lease(id: ReplicaId): Lease {
    const seat = this.#seats.get(id);
    if (seat === undefined || seat.credits === 0) throw new Error(`replica ${id} has no credit to lend`);
    seat.credits -= 1;
    seat.running += 1;
    let isOut = true;
    return {
      replica: seat.replica,
      release: () => {
        if (!isOut) return;
        isOut = false;
        seat.credits += 1;
        seat.running -= 1;
      },
    };
  }
}
