import { SizeClasses } from './size-classes.ts';

/** Up to this a body is refused only when the whole budget is used up, whatever its holder has. */
const SMALL_BODY_BYTES = 64 * 1024;

/** How bodies are held back. */
export interface BodyLimits {
  /** Of all bodies together. */
  readonly maxBytes: number;
  /** What one holder may have of all that is free, from 0 up to 1: the next one gets as large a part of what is left. */
  readonly share: number;
  /** Hears of the bytes of each body that are given back. */
  readonly freed?: (bytes: number) => void;
}

/** Why there is no room for a body. */
export type NoRoom = 'budget' | 'share';

/** Whoever sends bodies: an address, or a tenant with a key. It is forgotten when it holds none. */
interface Holder {
  readonly name: string;
  bytes: number;
  bodies: number;
  /** Bodies of this holder that are still on their way. */
  readonly arriving: SizeClasses<BodyReservation>;
}

/**
 * Bytes of request bodies that the server holds, counted as they arrive: what is only announced costs nothing. One holder
 * gets a share of what is free. When there is no room, the largest body on its way of the holder that has most gives way to
 * a smaller one: so large uploads never keep small requests out.
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

  /** An empty share of the budget for one body. */
  open(holder: string, owner: BodyOwner): BodyReservation {
    return new BodyReservation(this, holder, owner);
  }

  /** The holders of the most bytes, for metrics. */
  top(count: number): readonly { readonly name: string; readonly bytes: number }[] {
    return [...this.#holders.values()].sort((a, b) => b.bytes - a.bytes).slice(0, count);
  }

  /** For the reservation: what it holds changes. */
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

  /** For the reservation: all of it is there, and it gives way no more. */
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
    // A single body may be as large as the budget allows.
    return others > 0 && others + toBytes > (free * share) / (1 - share) ? 'share' : undefined;
  }

  /** Ends a larger body: one of the same holder where its share is used up, else of the holder that has most. */
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

/** Whose body may have to make room for others. */
export interface BodyOwner {
  /** Called at most once: the room of its body is needed. */
  giveWay(): void;
}

/** One body's share of the budget. */
export class BodyReservation {
  readonly holder: string;
  bytes = 0;
  /** Until all of it has come, it may have to give way. */
  isArriving = true;
  readonly #budget: BodyBudget;
  readonly #owner: BodyOwner;

  constructor(budget: BodyBudget, holder: string, owner: BodyOwner) {
    this.#budget = budget;
    this.holder = holder;
    this.#owner = owner;
  }

  /** Makes the share cover `bytes` in all; says why the budget does not allow it. */
  cover(bytes: number): NoRoom | undefined {
    if (bytes <= this.bytes) return undefined;
    const why = this.#budget.change(this, bytes);
    if (why === undefined) this.bytes = bytes;
    return why;
  }

  /** All of it is there. */
  arrived(): void {
    if (!this.isArriving) return;
    this.#budget.arrived(this);
    this.isArriving = false;
  }

  giveWay(): void {
    this.release();
    this.#owner.giveWay();
  }

  /** Gives all of it back. Idempotent. */
  release(): void {
    if (this.bytes > 0) this.#budget.change(this, 0);
    this.bytes = 0;
    this.isArriving = false;
  }
}
