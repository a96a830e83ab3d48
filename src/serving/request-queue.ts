import { type Refusal, refuse } from '../base/errors.ts';
import type { Entry } from '../work/entry.ts';
import type { LaneKey, LaneView } from '../work/lane.ts';

/** How much may wait. */
export interface QueueBounds {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Requests of one lane in the order of their arrival, linked so that one can leave from the middle at once. */
class Lane implements LaneView {
  readonly key: LaneKey;
  rows = 0;
  #head: Entry | undefined;
  #tail: Entry | undefined;

  constructor(key: LaneKey) {
    this.key = key;
  }

  get head(): Entry | undefined {
    return this.#head;
  }

  get oldestReceivedAt(): number {
    return this.#head?.receivedAt ?? Number.POSITIVE_INFINITY;
  }

  get oldestRows(): number {
    return this.#head?.rows ?? 0;
  }

  get oldestDeadline(): number {
    return this.#head?.deadline ?? Number.POSITIVE_INFINITY;
  }

  get oldestId(): number {
    return this.#head?.id ?? Number.POSITIVE_INFINITY;
  }

  append(entry: Entry): void {
    entry.before = this.#tail;
    if (this.#tail === undefined) this.#head = entry;
    else this.#tail.after = entry;
    this.#tail = entry;
    entry.isQueued = true;
    this.rows += entry.rows;
  }

  remove(entry: Entry): void {
    if (entry.before === undefined) this.#head = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#tail = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
    entry.isQueued = false;
    this.rows -= entry.rows;
  }
}

/** The one bounded place where requests of a version wait: lanes that could share a batch, oldest first. */
export class RequestQueue {
  readonly #bounds: QueueBounds;
  readonly #lanes = new Map<LaneKey, Lane>();
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

  /** Takes the entry in, or says why not. */
  offer(entry: Entry): Refusal | undefined {
    const { maxRows, maxBytes } = this.#bounds;
    if (this.#rows + entry.rows > maxRows) {
      return refuse(
        'QUEUE_FULL',
        `Exceeds maximum queue size: ${this.#rows} of ${maxRows} rows are waiting; try again later`,
      );
    }
    if (this.#bytes + entry.bytes > maxBytes) {
      return refuse(
        'QUEUE_FULL',
        `Exceeds maximum queue size: ${this.#bytes} of ${maxBytes} bytes are waiting; try again later`,
      );
    }
    let lane = this.#lanes.get(entry.lane);
    if (lane === undefined) {
      lane = new Lane(entry.lane);
      this.#lanes.set(entry.lane, lane);
    }
    lane.append(entry);
    this.#rows += entry.rows;
    this.#bytes += entry.bytes;
    return undefined;
  }

  /** Does nothing when the entry no longer waits. */
  remove(entry: Entry): void {
    const lane = entry.isQueued ? this.#lanes.get(entry.lane) : undefined;
    if (lane === undefined) return;
    lane.remove(entry);
    this.#rows -= entry.rows;
    this.#bytes -= entry.bytes;
    // Lanes live as long as their requests: shapes that nobody sends any more cost nothing.
    if (lane.head === undefined) this.#lanes.delete(lane.key);
  }

  /** Lanes with at least one request. */
  lanes(): Iterable<LaneView> {
    return this.#lanes.values();
  }

  /** Takes from the head of a lane what fits into `maxRows`, without passing over a request that does not fit. */
  take(key: LaneKey, maxRows: number): Entry[] {
    const taken: Entry[] = [];
    const lane = this.#lanes.get(key);
    let rows = 0;
    for (let head = lane?.head; head !== undefined && rows + head.rows <= maxRows; head = lane?.head) {
      rows += head.rows;
      taken.push(head);
      this.remove(head);
    }
    return taken;
  }

  /** Everything that waits, oldest lane first; the queue is empty afterwards. */
  takeAll(): Entry[] {
    return [...this.#lanes.keys()].flatMap((key) => this.take(key, Number.POSITIVE_INFINITY));
  }
}
