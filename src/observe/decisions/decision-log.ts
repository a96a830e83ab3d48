import { Event } from '../../base/event.ts';
import { type Decision, FREQUENT, type NewDecision } from './decision.ts';

/** A ring buffer: the oldest items are overwritten. */
class Ring<T> {
  readonly #items: T[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(item: T): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  get newest(): T | undefined {
    return this.#items.at(this.#next - 1);
  }

  /** The last `count` items, oldest first. */
  latest(count: number): T[] {
    const most = Math.min(count, this.#items.length);
    const from = this.#next - most;
    return from >= 0
      ? this.#items.slice(from, this.#next)
      : [...this.#items.slice(from), ...this.#items.slice(0, this.#next)];
  }

  /** Oldest first. */
  list(): T[] {
    return [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)];
  }
}

/** The last decisions of the server. It stores facts only; readers turn them into text. */
export class DecisionLog {
  /** Emits every rare decision; frequent ones are only stored. */
  readonly added = new Event<Decision>();
  readonly #rare: Ring<Decision>;
  readonly #frequent: Ring<Decision>;
  #count = 0;

  constructor(capacity = 4096) {
    this.#rare = new Ring(capacity);
    this.#frequent = new Ring(capacity);
  }

  add(it: NewDecision): void {
    // Not spread: it costs more than the rest of a frequent decision.
    const { at, kind, model, version, replica, facts } = it;
    const decision = { id: this.#count++, at, kind, model, version, replica, facts } as Decision;
    if (FREQUENT.has(decision.kind)) {
      this.#frequent.push(decision);
    } else {
      this.#rare.push(decision);
      this.added.emit(decision);
    }
  }

  /** The stored rare decisions with an id above `id`, oldest first. */
  rareSince(id: number): Decision[] {
    const newest = this.#rare.newest;
    if (newest === undefined || newest.id <= id) return [];
    // Copies only the end of the ring for a reader that is nearly up to date.
    const latest = this.#rare.latest(newest.id - id);
    return latest.filter((decision) => decision.id > id);
  }

  /** All stored decisions, oldest first. */
  list(): Decision[] {
    return [...this.#rare.list(), ...this.#frequent.list()].sort((a, b) => a.id - b.id);
  }
}
