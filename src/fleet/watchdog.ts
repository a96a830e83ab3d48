import type { Clock, Timer } from '../base/clock.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { BatchStarted } from '../serving/dispatcher.ts';

/** A batch that has run too long. */
export interface Overdue {
  readonly started: BatchStarted;
  readonly ranMs: number;
  /** Which of its limits it has passed, from 0. */
  readonly limit: number;
}

/** What one replica has been given, in its order: the first runs, the others wait inside. */
interface Desk {
  readonly batches: BatchStarted[];
  headSince: number;
  dueMs: number;
  /** Limits that the first batch has passed. */
  passed: number;
  alarm: Timer | undefined;
}

/** An alarm later than this was kept by the gateway itself; answers may lie unread. */
const STALL_MS = 100;

/** Listens to what replicas are given and give back, and tells of the first batch that takes too long. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limitsMs: (started: BatchStarted) => readonly number[];
  readonly #onOverdue: (overdue: Overdue) => void;
  readonly #desks = new Map<ReplicaId, Desk>();

  constructor(
    clock: Clock,
    limitsMs: (started: BatchStarted) => readonly number[],
    onOverdue: (overdue: Overdue) => void,
  ) {
    this.#clock = clock;
    this.#limitsMs = limitsMs;
    this.#onOverdue = onOverdue;
  }

  started(started: BatchStarted): void {
    const desk = this.#deskOf(started.replica.id);
    desk.batches.push(started);
    if (desk.batches.length > 1) return;
    this.#begin(desk, started.sentAt);
  }

  ended({ replica, batch }: BatchStarted): void {
    const desk = this.#desks.get(replica.id);
    const index = desk?.batches.findIndex((other) => other.batch === batch) ?? -1;
    if (desk === undefined || index === -1) return;
    desk.batches.splice(index, 1);
    if (index === 0 && desk.batches.length > 0) this.#begin(desk, this.#clock.now());
  }

  /** The life is over: its successor begins with nothing. */
  forget(id: ReplicaId): void {
    this.#desks.get(id)?.alarm?.cancel();
    this.#desks.delete(id);
  }

  /** Another batch is first. An alarm that rings sooner than it needs is left alone: that is cheaper. */
  #begin(desk: Desk, now: number): void {
    const [head] = desk.batches;
    if (head === undefined) return;
    desk.headSince = now;
    desk.passed = 0;
    const dueMs = now + (this.#limitsMs(head)[0] ?? Number.POSITIVE_INFINITY);
    if (dueMs < desk.dueMs) this.#arm(desk, dueMs);
  }

  #arm(desk: Desk, dueMs: number): void {
    desk.alarm?.cancel();
    desk.dueMs = dueMs;
    desk.alarm = this.#clock.at(dueMs, () => {
      desk.dueMs = Number.POSITIVE_INFINITY;
      this.#look(desk, dueMs);
    });
  }

  #look(desk: Desk, dueMs: number): void {
    const [head] = desk.batches;
    const limits = head === undefined ? [] : this.#limitsMs(head);
    const limitMs = limits[desk.passed];
    if (head === undefined || limitMs === undefined) return;
    const now = this.#clock.now();
    const ranMs = now - desk.headSince;
    // Not `ranMs < limitMs`: a sum and a difference are rounded differently, and it would look again for ever.
    const limitAt = desk.headSince + limitMs;
    if (now < limitAt) {
      this.#arm(desk, limitAt);
    } else if (now - dueMs > STALL_MS) {
      this.#arm(desk, now + STALL_MS);
    } else {
      const limit = desk.passed;
      desk.passed += 1;
      const nextMs = limits[desk.passed];
      if (nextMs !== undefined) this.#arm(desk, desk.headSince + nextMs);
      this.#onOverdue({ started: head, ranMs, limit });
    }
  }

  #deskOf(id: ReplicaId): Desk {
    let desk = this.#desks.get(id);
    if (desk === undefined) {
      desk = { batches: [], headSince: 0, dueMs: Number.POSITIVE_INFINITY, passed: 0, alarm: undefined };
      this.#desks.set(id, desk);
    }
    return desk;
  }
}
