import { Heap, type HeapItem } from '../../base/heap.ts';
import type { Entry, Tenant } from '../../work/entry.ts';

/** The waiting requests of one tenant, in order of arrival. */
class Flow implements HeapItem {
  heapIndex = -1;
  readonly tenant: string;
  readonly order: number;
  readonly weight: number;
  /** Virtual start time of its next request. */
  start: number;
  head: Entry | undefined;
  tail: Entry | undefined;

  constructor({ name, weight }: Tenant, order: number, start: number) {
    this.tenant = name;
    this.weight = weight;
    this.order = order;
    this.start = start;
  }

  append(entry: Entry): void {
    let before = this.tail;
    while (before !== undefined && before.id > entry.id) before = before.flowBefore;
    const after = before === undefined ? this.head : before.flowAfter;
    entry.flowBefore = before;
    entry.flowAfter = after;
    if (before === undefined) this.head = entry;
    else before.flowAfter = entry;
    if (after === undefined) this.tail = entry;
    else after.flowBefore = entry;
  }

  unlink(entry: Entry): void {
    if (entry.flowBefore === undefined) this.head = entry.flowAfter;
    else entry.flowBefore.flowAfter = entry.flowAfter;
    if (entry.flowAfter === undefined) this.tail = entry.flowBefore;
    else entry.flowAfter.flowBefore = entry.flowBefore;
    entry.flowBefore = undefined;
    entry.flowAfter = undefined;
  }
}

/** Bound of the accounts kept for tenants with nothing waiting. */
const MAX_ACCOUNTS = 1024;

/**
 * Fair queueing by virtual time: each tenant is charged with its served rows divided by its weight, and the one charged
 * least is served next. An idle tenant accumulates no credit. Within a tenant, requests are served in order of arrival.
 */
export class FairQueue {
  readonly #flows = new Map<string, Flow>();
  readonly #waiting = new Heap<Flow>((a, b) => (a.start === b.start ? a.order < b.order : a.start < b.start));
  /** Virtual start times of tenants with nothing waiting. */
  readonly #accounts = new Map<string, number>();
  #virtualTime = 0;
  /** Sum of the weights of all tenants with something waiting. */
  #weights = 0;
  #opened = 0;

  /** The request to serve next. */
  get next(): Entry | undefined {
    return this.#waiting.peek()?.head;
  }

  /** The youngest request of each tenant. */
  youngest(): Entry[] {
    return [...this.#flows.values()].flatMap(({ tail }) => tail ?? []);
  }

  push(entry: Entry): void {
    const { name } = entry.tenant;
    let flow = this.#flows.get(name);
    if (flow === undefined) {
      const start = Math.max(this.#virtualTime, this.#accounts.get(name) ?? 0);
      flow = new Flow(entry.tenant, this.#opened++, start);
      this.#accounts.delete(name);
      this.#flows.set(name, flow);
      this.#weights += flow.weight;
      flow.append(entry);
      this.#waiting.push(flow);
    } else {
      flow.append(entry);
    }
  }

  /** Removes a served entry and charges it to its tenant. */
  serve(entry: Entry): void {
    const flow = this.#flows.get(entry.tenant.name);
    if (flow === undefined) return;
    flow.unlink(entry);
    // Virtual time advances with every row; otherwise new tenants could always be served first.
    this.#virtualTime = Math.max(this.#virtualTime + entry.rows / this.#weights, flow.start);
    flow.start += entry.rows / flow.weight;
    if (flow.head === undefined) this.#close(flow);
    else if (this.#waiting.size > 1) {
      this.#waiting.remove(flow);
      this.#waiting.push(flow);
    }
  }

  /** Removes an entry that was not served. */
  remove(entry: Entry): void {
    const flow = this.#flows.get(entry.tenant.name);
    if (flow === undefined) return;
    flow.unlink(entry);
    if (flow.head === undefined) this.#close(flow);
  }

  #close(flow: Flow): void {
    this.#waiting.remove(flow);
    this.#flows.delete(flow.tenant);
    this.#weights = this.#flows.size === 0 ? 0 : this.#weights - flow.weight;
    if (flow.start <= this.#virtualTime) return;
    this.#accounts.set(flow.tenant, flow.start);
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > MAX_ACCOUNTS && oldest !== undefined) this.#accounts.delete(oldest);
  }
}
