import { PRIORITIES } from '../../config/priority-names.ts';
import type { Entry } from '../../work/entry.ts';
import type { LaneKey, LaneView } from '../../work/lane.ts';
import { FairQueue } from './fair-queue.ts';

/** Requests that may share a batch: a list in order of arrival, and queues by priority and tenant for service. */
export class LaneQueue implements LaneView {
  readonly key: LaneKey;
  rows = 0;
  #head: Entry | undefined;
  #tail: Entry | undefined;
  /** By priority, created on demand; most models use only one. */
  readonly #classes: (FairQueue | undefined)[] = PRIORITIES.map(() => undefined);

  constructor(key: LaneKey) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  get oldestReceivedAt(): number {
    return this.#head?.receivedAt ?? Number.POSITIVE_INFINITY;
  }

  get oldestId(): number {
    return this.#head?.id ?? Number.POSITIVE_INFINITY;
  }

  /** Ageing is bounded: each priority step is worth a fixed lead, so that no request starves. */
  get next(): Entry | undefined {
    let next: Entry | undefined;
    for (let priority = this.#classes.length - 1; priority >= 0; priority--) {
      const first = this.#classes[priority]?.next;
      if (first !== undefined && (next === undefined || first.rank < next.rank)) next = first;
    }
    return next;
  }

  /** The youngest request of each tenant at a priority. */
  youngest(priority: number): Entry[] {
    return this.#classes[priority]?.youngest() ?? [];
  }

  /** In the order of arrival. */
  *entries(): Iterable<Entry> {
    for (let entry = this.#head; entry !== undefined; entry = entry.after) yield entry;
  }

  append(entry: Entry): void {
    // Usually the tail; only an entry that replaces an older one has a smaller id.
    let before = this.#tail;
    while (before !== undefined && before.id > entry.id) before = before.before;
    const after = before === undefined ? this.#head : before.after;
    entry.before = before;
    entry.after = after;
    if (before === undefined) this.#head = entry;
    else before.after = entry;
    if (after === undefined) this.#tail = entry;
    else after.before = entry;
    this.#classes[entry.priority] ??= new FairQueue();
    this.#classes[entry.priority]?.push(entry);
    entry.isQueued = true;
    this.rows += entry.rows;
  }

  /** Removes an entry; `isServed` charges it to its tenant. */
  remove(entry: Entry, isServed: boolean): void {
    if (entry.before === undefined) this.#head = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#tail = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
    const queue = this.#classes[entry.priority];
    if (isServed) queue?.serve(entry);
    else queue?.remove(entry);
    entry.isQueued = false;
    this.rows -= entry.rows;
  }
}
