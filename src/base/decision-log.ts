import { Event } from './event.ts';

/** What was decided about: each kind has its own sentence. */
export type DecisionKind =
  /** A replica went from one state to another. */
  | 'replica'
  | 'restart'
  | 'ejection'
  | 'probe'
  | 'recovery'
  | 'quarantine'
  /** An error of a model's own, outside of its answers, has ended a replica. */
  | 'late error'
  | 'refusal'
  | 'batch'
  | 'model'
  | 'alert'
  | 'admin';

export type DecisionFacts = Readonly<Record<string, string | number | boolean | null>>;

/** Something that was decided, with the numbers that led to it. */
export interface Decision {
  /** Counts all decisions of a server. */
  readonly id: number;
  /** Monotonic, in ms. */
  readonly at: number;
  readonly kind: DecisionKind;
  readonly model: string;
  readonly version: string;
  readonly replica: string;
  readonly facts: DecisionFacts;
}

/** Kinds that come by the thousand: they must not push the rare ones out. */
export const FREQUENT: ReadonlySet<DecisionKind> = new Set(['batch', 'refusal'] as const);

/** A bounded list that forgets its oldest. */
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

  /** The last so many, oldest first. */
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

/** The last decisions of everything that decides. Facts are kept as they are; words are made by whoever reads. */
export class DecisionLog {
  /** Every rare decision as it is made; the frequent ones are only kept. */
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

  /** The rare ones that are still known, from behind an id on, oldest first. */
  rareSince(id: number): Decision[] {
    const newest = this.#rare.newest;
    if (newest === undefined || newest.id <= id) return [];
    // A reader who is nearly up to date wants the last alone.
    const latest = this.#rare.latest(newest.id - id);
    return latest.filter((decision) => decision.id > id);
  }

  /** What is still known, oldest first. */
  list(): Decision[] {
    return [...this.#rare.list(), ...this.#frequent.list()].sort((a, b) => a.id - b.id);
  }
}
