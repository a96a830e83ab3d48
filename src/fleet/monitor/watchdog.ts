import type { Clock, Timer } from '../../base/clock.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { BatchStarted } from '../../serving/dispatch/dispatcher.ts';

/** A batch that has exceeded one of its limits. */
export interface Overdue {
  readonly started: BatchStarted;
  readonly ranMs: number;
  /** Index of the exceeded limit, from 0. */
  readonly limit: number;
}

/** The batches sent to one replica, in order: the first runs, the others wait in its process. */
interface WatchedSlot {
  readonly batches: BatchStarted[];
  headSince: number;
  dueMs: number;
  /** Number of limits that the first batch has exceeded. */
  passed: number;
  alarm: Timer | undefined;
}

/** An alarm later than this was delayed by the gateway itself; answers may be unread. */
const STALL_MS = 100;

/** Measures how long the first batch of each replica runs and reports each limit that it exceeds. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limitsMs: (started: BatchStarted) => readonly number[];
  readonly #onOverdue: (overdue: Overdue) => void;
  readonly #slots = new Map<ReplicaId, WatchedSlot>();

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
    const slot = this.#slotOf(started.replica.id);
    slot.batches.push(started);
    if (slot.batches.length > 1) return;
    this.#begin(slot, started.sentAt);
  }

  ended({ replica, batch }: BatchStarted): void {
    const slot = this.#slots.get(replica.id);
    const index = slot?.batches.findIndex((other) => other.batch === batch) ?? -1;
    if (slot === undefined || index === -1) return;
    slot.batches.splice(index, 1);
    if (index === 0 && slot.batches.length > 0) this.#begin(slot, this.#clock.now());
  }

  /** To be called when the process has ended. */
  forget(id: ReplicaId): void {
    this.#slots.get(id)?.alarm?.cancel();
    this.#slots.delete(id);
  }

  /** The first batch has changed. An alarm that is too early is kept, which is cheaper than moving it. */
  #begin(slot: WatchedSlot, now: number): void {
    const [head] = slot.batches;
    if (head === undefined) return;
    slot.headSince = now;
    slot.passed = 0;
    const dueMs = now + (this.#limitsMs(head)[0] ?? Number.POSITIVE_INFINITY);
    if (dueMs < slot.dueMs) this.#arm(slot, dueMs);
  }

  #arm(slot: WatchedSlot, dueMs: number): void {
    slot.alarm?.cancel();
    slot.dueMs = dueMs;
    slot.alarm = this.#clock.at(dueMs, () => {
      slot.dueMs = Number.POSITIVE_INFINITY;
      this.#look(slot, dueMs);
    });
  }

  #look(slot: WatchedSlot, dueMs: number): void {
    const [head] = slot.batches;
    const limits = head === undefined ? [] : this.#limitsMs(head);
    const limitMs = limits[slot.passed];
    if (head === undefined || limitMs === undefined) return;
    const now = this.#clock.now();
    const ranMs = now - slot.headSince;
    // Not `ranMs < limitMs`: a sum and a difference are rounded differently, and the alarm would be set again forever.
    const limitAt = slot.headSince + limitMs;
    if (now < limitAt) {
      this.#arm(slot, limitAt);
    } else if (now - dueMs > STALL_MS) {
      this.#arm(slot, now + STALL_MS);
    } else {
      const limit = slot.passed;
      slot.passed += 1;
      const nextMs = limits[slot.passed];
      if (nextMs !== undefined) this.#arm(slot, slot.headSince + nextMs);
      this.#onOverdue({ started: head, ranMs, limit });
    }
  }

  #slotOf(id: ReplicaId): WatchedSlot {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = { batches: [], headSince: 0, dueMs: Number.POSITIVE_INFINITY, passed: 0, alarm: undefined };
      this.#slots.set(id, slot);
    }
    return slot;
  }
}
