import { type Refusal, refuse } from '../../base/errors.ts';
import type { BatchFill } from '../../batching/batch-policy.ts';
import { PRIORITIES } from '../../config/priority-names.ts';
import type { Entry, Tenant } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Priority } from '../../work/priority.ts';
import { LaneQueue } from './lane-queue.ts';
import { TenantDemand } from './tenant-demand.ts';

/** Bounds of the waiting requests. */
export interface QueueBounds {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** The result of filling a batch. */
export interface Filled {
  readonly members: readonly Entry[];
  /** Removed from the queue; the caller must refuse them. */
  readonly dropped: readonly Entry[];
}

/** Waiting rows and requests of a tenant, over all lanes. */
interface Holding {
  rows: number;
  requests: number;
}

/** The share of `maxRows` up to which a priority may fill the queue, from the lowest to the highest priority. */
const CLASS_SHARES = [0.5, 0.7, 1, 1] as const;
/** Bound of the requests that one new request may displace. */
const MAX_DISPLACED = 8;
const NONE: readonly Entry[] = [];

/** The bounded queue of a version. Requests of one lane may share a batch. */
export class RequestQueue {
  readonly #bounds: QueueBounds;
  readonly #lanes = new Map<LaneKey, LaneQueue>();
  readonly #rowsByPriority = PRIORITIES.map(() => 0);
  readonly #holdings = new Map<string, Holding>();
  readonly #demand = new TenantDemand();
  #rows = 0;
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Waiting rows of this priority or a higher one. */
  rowsFrom(priority: Priority): number {
    let rows = 0;
    for (let each = priority; each < this.#rowsByPriority.length; each++)
      rows += this.#rowsByPriority[each] as number;
    return rows;
  }

  /** Number of tenants with waiting requests. */
  get tenants(): number {
    return this.#holdings.size;
  }

  /** Waiting rows of a tenant. */
  rowsOf(tenant: Tenant): number {
    return this.#holdings.get(tenant.name)?.rows ?? 0;
  }

  /** Whether one tenant requests much more than the others. */
  get isCrowded(): boolean {
    return this.#demand.hasModest;
  }

  /** Counts a request of the tenant, whether it is admitted or not. */
  asked({ tenant, rows }: Pick<Entry, 'tenant' | 'rows'>): void {
    this.#demand.asked(tenant, rows);
  }

  /** The requests to displace to make room: of a lower priority, or of the tenant that holds most. */
  roomFor(entry: Entry): readonly Entry[] | Refusal {
    const { maxRows, maxBytes } = this.#bounds;
    const classRows = maxRows * (CLASS_SHARES[entry.priority] ?? 1);
    if (this.#rows + entry.rows <= classRows && this.#bytes + entry.bytes <= maxBytes) return NONE;
    if (classRows < maxRows && this.#rows + entry.rows > classRows) {
      return refuse(
        'CLASS_SHED',
        `${this.#rows} of ${maxRows} rows are waiting; requests of this priority are admitted up to ${classRows}; try again later`,
      );
    }
    return this.#displaced(entry) ?? this.#full(entry);
  }

  /** Adds the entry; the caller must have checked {@link roomFor}. */
  add(entry: Entry): void {
    let lane = this.#lanes.get(entry.lane);
    if (lane === undefined) {
      lane = new LaneQueue(entry.lane);
      this.#lanes.set(entry.lane, lane);
    }
    lane.append(entry);
    this.#rows += entry.rows;
    this.#bytes += entry.bytes;
    (this.#rowsByPriority[entry.priority] as number) += entry.rows;
    const holding = this.#holdings.get(entry.tenant.name);
    if (holding === undefined) this.#holdings.set(entry.tenant.name, { rows: entry.rows, requests: 1 });
    else {
      holding.rows += entry.rows;
      holding.requests += 1;
    }
  }

  /** Does nothing when the entry is not waiting. */
  remove(entry: Entry): void {
    const lane = entry.isQueued ? this.#lanes.get(entry.lane) : undefined;
    if (lane !== undefined) this.#takeOut(lane, entry, false);
  }

  /** Whether its tenant requests less than half of what the heaviest tenant requests. */
  isUnderShare({ tenant }: Entry): boolean {
    return this.#demand.isUnderShare(tenant);
  }

  /** Lanes with at least one request. */
  lanes(): Iterable<LaneQueue> {
    return this.#lanes.values();
  }

  /** The lane of all waiting requests; undefined where they are of several, or none waits. */
  get onlyLane(): LaneKey | undefined {
    if (this.#lanes.size !== 1) return undefined;
    const [lane] = this.#lanes.keys();
    return lane;
  }

  /** The waiting entries of a lane, in order of arrival. */
  inLane(key: LaneKey): Entry[] {
    return [...(this.#lanes.get(key)?.entries() ?? [])];
  }

  /** Removes the entries that `fill` takes or drops, in order of service. */
  take(key: LaneKey, fill: BatchFill): Filled {
    const members: Entry[] = [];
    let dropped: Entry[] | undefined;
    const lane = this.#lanes.get(key);
    for (let next = lane?.next; lane !== undefined && next !== undefined; next = lane.next) {
      const ruling = fill.rule(next, lane.rows, this.isUnderShare(next));
      if (ruling === 'stop') break;
      this.#takeOut(lane, next, ruling === 'take');
      if (ruling === 'take') members.push(next);
      else {
        dropped ??= [];
        dropped.push(next);
      }
    }
    return { members, dropped: dropped ?? NONE };
  }

  /** Removes and returns all entries, lane by lane. */
  takeAll(): Entry[] {
    const all = { rule: () => 'take' as const };
    return [...this.#lanes.keys()].flatMap((key) => this.take(key, all).members);
  }

  #takeOut(lane: LaneQueue, entry: Entry, isServed: boolean): void {
    lane.remove(entry, isServed);
    this.#rows -= entry.rows;
    this.#bytes -= entry.bytes;
    (this.#rowsByPriority[entry.priority] as number) -= entry.rows;
    const holding = this.#holdings.get(entry.tenant.name);
    if (holding !== undefined) {
      holding.rows -= entry.rows;
      holding.requests -= 1;
      if (holding.requests === 0) this.#holdings.delete(entry.tenant.name);
    }
    // A lane without requests is deleted, so that shapes no longer sent use no memory.
    if (lane.isEmpty) this.#lanes.delete(lane.key);
  }

  #full(entry: Entry): Refusal {
    const { maxRows, maxBytes } = this.#bounds;
    const bound =
      this.#rows + entry.rows > maxRows
        ? `${this.#rows} of ${maxRows} rows`
        : `${this.#bytes} of ${maxBytes} bytes`;
    return refuse('QUEUE_FULL', `Exceeds maximum queue size: ${bound} are waiting; try again later`);
  }

  /** The youngest requests of a lower priority, else of the tenant that holds most by weight; undefined if too few. */
  #displaced(entry: Entry): readonly Entry[] | undefined {
    const { maxRows, maxBytes } = this.#bounds;
    const chosen = new Set<Entry>();
    let [rows, bytes] = [this.#rows + entry.rows, this.#bytes + entry.bytes];
    while (rows > maxRows || bytes > maxBytes) {
      const victim = this.#nextVictim(entry, chosen);
      if (victim === undefined || chosen.size >= MAX_DISPLACED) return undefined;
      chosen.add(victim);
      rows -= victim.rows;
      bytes -= victim.bytes;
    }
    return [...chosen];
  }

  #nextVictim(entry: Entry, chosen: ReadonlySet<Entry>): Entry | undefined {
    for (let priority = 0; priority < entry.priority; priority++) {
      const victim = this.#youngestAt(priority, chosen, (a, b) => a.id > b.id);
      if (victim !== undefined) return victim;
    }
    if (this.#holdings.size < 2 && this.#holdings.has(entry.tenant.name)) return undefined;
    // Requests already chosen no longer count as held.
    const going = (name: string) => {
      let rows = 0;
      for (const one of chosen) if (one.tenant.name === name) rows += one.rows;
      return rows;
    };
    const share = ({ tenant }: Entry) => (this.rowsOf(tenant) - going(tenant.name)) / tenant.weight;
    const heaviest = this.#youngestAt(entry.priority, chosen, (a, b) => {
      const [one, other] = [share(a), share(b)];
      return one === other ? a.id > b.id : one > other;
    });
    if (heaviest === undefined) return undefined;
    const ownShare = share(entry) + entry.rows / entry.tenant.weight;
    return share(heaviest) > ownShare ? heaviest : undefined;
  }

  #youngestAt(
    priority: number,
    chosen: ReadonlySet<Entry>,
    isBetter: (a: Entry, b: Entry) => boolean,
  ): Entry | undefined {
    let best: Entry | undefined;
    for (const lane of this.#lanes.values()) {
      for (const youngest of lane.youngest(priority)) {
        let candidate: Entry | undefined = youngest;
        while (candidate !== undefined && chosen.has(candidate)) candidate = candidate.flowBefore;
        if (candidate !== undefined && (best === undefined || isBetter(candidate, best))) best = candidate;
      }
    }
    return best;
  }
}
