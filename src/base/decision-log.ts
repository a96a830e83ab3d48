import { Event } from './event.ts';

/** The kinds of decisions; each has its own message. */
export type DecisionKind =
  /** A replica went from one state to another. */
  | 'replica'
  | 'restart'
  | 'ejection'
  | 'probe'
  | 'recovery'
  | 'quarantine'
  /** An error of the model outside of its answers has ended a replica. */
  | 'late error'
  | 'refusal'
  | 'batch'
  | 'model'
  | 'alert'
  | 'admin';

export type DecisionFacts = Readonly<Record<string, string | number | boolean | null>>;

/** A decision with the values that led to it. */
export interface Decision {
  /** Increases with every decision of a server. */
  readonly id: number;
  /** Monotonic, in ms. */
  readonly at: number;
  readonly kind: DecisionKind;
  readonly model: string;
  readonly version: string;
  readonly replica: string;
  readonly facts: DecisionFacts;
}

/** Kinds so frequent that they have a buffer of their own, so that they do not displace the rare ones. */
export const FREQUENT: ReadonlySet<DecisionKind> = new Set(['batch', 'refusal'] as const);

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

  add(it: Omit<Decision, 'id' | 'replica'> & { readonly replica?: string }): void {
    const decision = { id: this.#count++, replica: '', ...it };
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
