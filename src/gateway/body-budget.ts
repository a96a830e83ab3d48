import { SizeClasses } from './size-classes.ts';

/** Up to this size a body is refused only when the whole budget is used, whatever its holder's share. */
const SMALL_BODY_BYTES = 64 * 1024;

/** Above this many bytes of all bodies, large ones are kept in memory that the operating system gets back. */
const CROWDED_BYTES = 32 * 1024 * 1024;

/** Limits of request bodies. */
export interface BodyLimits {
  /** Bytes of all bodies together. */
  readonly maxBytes: number;
  /** The share of the free bytes that one holder may have, from 0 to 1; the next one gets the same share of the rest. */
  readonly share: number;
  /** Called with the bytes of each body that are released. */
  readonly freed?: (bytes: number) => void;
}

/** Why a body does not fit. */
export type NoRoom = 'budget' | 'share';

/** A sender of bodies: an address, or a tenant with a key. It is removed when it holds none. */
interface Holder {
  readonly name: string;
  bytes: number;
  bodies: number;
  /** Bodies of this holder that are still arriving. */
  readonly arriving: SizeClasses<BodyReservation>;
}

/**
 * Counts the bytes of request bodies that the server holds as they arrive: announced bytes are not counted. One holder
 * gets a share of what is free. When there is no space, the largest arriving body of the holder that has most is refused
 * in favour of a smaller one: large uploads never keep small requests out.
 */
export class BodyBudget {
  readonly refused: Record<NoRoom | 'gave way', number> = { budget: 0, share: 0, 'gave way': 0 };
  bytes = 0;
  bodies = 0;
  readonly #limits: BodyLimits;
  readonly #holders = new Map<string, Holder>();
  readonly #bySize = new SizeClasses<Holder>();

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** An empty reservation for one body. */
  open(holder: string, owner: BodyOwner): BodyReservation {
    return new BodyReservation(this, holder, owner);
  }

  /** The holders of the most bytes, for metrics. */
  top(count: number): readonly { readonly name: string; readonly bytes: number }[] {
    return [...this.#holders.values()].sort((a, b) => b.bytes - a.bytes).slice(0, count);
  }

  /** Called by the reservation when its bytes change. */
  change(it: BodyReservation, toBytes: number): NoRoom | undefined {
    for (let why = this.#whyNot(it, toBytes); why !== undefined; why = this.#whyNot(it, toBytes)) {
      if (this.#makeRoom(it, why, toBytes)) continue;
      this.refused[why] += 1;
      return why;
    }
    const more = toBytes - it.bytes;
    const holder = this.#holders.get(it.holder) ?? this.#newHolder(it.holder);
    if (it.bytes === 0) this.#count(holder, 1);
    this.bytes += more;
    if (it.isArriving) holder.arriving.moved(it, it.bytes, toBytes);
    this.#bySize.moved(holder, holder.bytes, holder.bytes + more);
    holder.bytes += more;
    if (more < 0) this.#limits.freed?.(-more);
    if (toBytes === 0) this.#count(holder, -1);
    return undefined;
  }

  /** Called by the reservation when the body is complete; it is no longer refused in favour of others. */
  arrived(it: BodyReservation): void {
    this.#holders.get(it.holder)?.arriving.moved(it, it.bytes, 0);
  }

  #whyNot(it: BodyReservation, toBytes: number): NoRoom | undefined {
    const more = toBytes - it.bytes;
    if (more <= 0) return undefined;
    const { maxBytes, share } = this.#limits;
    const free = maxBytes - this.bytes - more;
    if (free < 0) return 'budget';
    if (toBytes <= SMALL_BODY_BYTES || share >= 1) return undefined;
    const others = (this.#holders.get(it.holder)?.bytes ?? 0) - it.bytes;
    // A single body may be as large as the budget.
    return others > 0 && others + toBytes > (free * share) / (1 - share) ? 'share' : undefined;
  }

  /** Ends a larger body: one of the same holder if its share is used, else one of the holder that has most. */
  #makeRoom(it: BodyReservation, why: NoRoom, toBytes: number): boolean {
    const own = this.#holders.get(it.holder)?.arriving.largest();
    const victim = why === 'share' ? own : (this.#bySize.largest()?.arriving.largest() ?? own);
    if (victim === undefined || victim.bytes <= toBytes) return false;
    this.refused['gave way'] += 1;
    victim.giveWay();
    return true;
  }

  #newHolder(name: string): Holder {
    const holder = { name, bytes: 0, bodies: 0, arriving: new SizeClasses<BodyReservation>() };
    this.#holders.set(name, holder);
    return holder;
  }

  #count(holder: Holder, by: 1 | -1): void {
    this.bodies += by;
    holder.bodies += by;
    if (holder.bodies === 0) this.#holders.delete(holder.name);
  }
}

/** The owner of a body that may be refused in favour of others. */
export interface BodyOwner {
  /** Called at most once, when the bytes of its body are needed. */
  giveWay(): void;
}

/** The bytes reserved for one body. */
export class BodyReservation {
  readonly holder: string;
  bytes = 0;
  /** Until the body is complete, it may be refused in favour of others. */
  isArriving = true;
  readonly #budget: BodyBudget;
  readonly #owner: BodyOwner;

  constructor(budget: BodyBudget, holder: string, owner: BodyOwner) {
    this.#budget = budget;
    this.holder = holder;
    this.#owner = owner;
  }

  /** Many bytes of bodies are held: their memory must not stay with the process in fragments. */
  get isCrowded(): boolean {
    return this.#budget.bytes > CROWDED_BYTES;
  }

  /** Extends the reservation to `bytes` in all; returns why the budget does not allow it. */
  cover(bytes: number): NoRoom | undefined {
    if (bytes <= this.bytes) return undefined;
    const why = this.#budget.change(this, bytes);
    if (why === undefined) this.bytes = bytes;
    return why;
  }

  /** The body is complete. */
  arrived(): void {
    if (!this.isArriving) return;
    this.#budget.arrived(this);
    this.isArriving = false;
  }

  giveWay(): void {
    this.release();
    this.#owner.giveWay();
  }

  /** Releases all bytes. Idempotent. */
  release(): void {
    if (this.bytes > 0) this.#budget.change(this, 0);
    this.bytes = 0;
    this.isArriving = false;
  }
}
