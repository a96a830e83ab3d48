import type { Timer } from '../../base/clock.ts';
import type { Exit } from '../../replica/exit.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Heartbeat, Replica, ReplicaId } from '../../replica/replica.ts';
import {
  checkTransition,
  type HealthStatus,
  hasHealthStatus,
  type ReplicaState,
} from '../../replica/replica-state.ts';
import type { LoadClaim } from './spawn-queue.ts';

/** A state transition of a replica. */
export interface ReplicaMoved {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly from: ReplicaState;
  readonly to: ReplicaState;
  readonly reason: string;
}

/** An error that model code threw outside a call and that ended a replica. */
export interface LateError {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly message: string;
  /** Empty when unknown. */
  readonly stack: string;
}

/** Key that identifies one incarnation of a replica. */
export function incarnationName(replica: ReplicaId, incarnation: number): string {
  return `${replica} ${incarnation}`;
}

/** Why the gateway ends a replica, and what follows in its slot. */
export interface Ending {
  readonly reason: string;
  /** `again` starts a new process at once, `stay` leaves the slot empty, `fault` applies the restart policy. */
  readonly afterwards: 'again' | 'stay' | 'fault';
}

/** States before a process serves. */
const IS_COMING: ReadonlySet<ReplicaState> = new Set(['waiting', 'starting', 'warming', 'backoff'] as const);

/** Which slot of its version it is, and what runs in it. */
export interface SlotPosition {
  readonly id: ReplicaId;
  readonly index: number;
  readonly placement: Placement;
  /** Its share of the work, relative to the other replicas. */
  readonly weight: number;
}

/** A replica's place in its version, across all its incarnations. The only owner of the replica's state. */
export class ReplicaSlot {
  readonly id: ReplicaId;
  readonly index: number;
  readonly placement: Placement;
  readonly weight: number;
  readonly #onMoved: (moved: ReplicaMoved) => void;
  #state: ReplicaState = 'stopped';
  #reason = 'replica added';
  #since: number;
  incarnation = 0;
  /** The present process; undefined between processes. */
  replica: Replica | undefined;
  /** Its claim to load the model; kept until the model is loaded or the process has ended. */
  claim: LoadClaim | undefined;
  /** Where the model really runs, once it is loaded. */
  device: string | undefined;
  readyAt: number | undefined;
  heartbeat: Heartbeat | undefined;
  /** Batches run before the first heartbeat as a ready replica: those of warmup. */
  batchesBefore: number | undefined;
  ending: Ending | undefined;
  /** The last error outside a call that ended one of its processes. */
  lateError: LateError | undefined;
  /** Given up because the settings can never fit the model: only an operator can fix that. */
  isHopeless = false;
  /** A single retry after it was given up: the next failure gives it up at once. */
  isTrial = false;
  /** Limits a start or a drain, or starts the next process. */
  alarm: Timer | undefined;

  constructor(
    { id, index, placement, weight }: SlotPosition,
    now: number,
    onMoved: (moved: ReplicaMoved) => void,
  ) {
    this.id = id;
    this.index = index;
    this.placement = placement;
    this.weight = weight;
    this.#since = now;
    this.#onMoved = onMoved;
  }

  get state(): ReplicaState {
    return this.#state;
  }

  get healthStatus(): HealthStatus | undefined {
    return hasHealthStatus(this.#state) ? this.#state : undefined;
  }

  get reason(): string {
    return this.#reason;
  }

  get since(): number {
    return this.#since;
  }

  /** Whether a process is waiting to start, starting or warming up. */
  get isComing(): boolean {
    return IS_COMING.has(this.#state);
  }

  /** Starts a new incarnation and resets what was known of the last one. */
  beginIncarnation(reason: string, now: number): void {
    this.incarnation += 1;
    this.device = undefined;
    this.readyAt = undefined;
    this.heartbeat = undefined;
    this.batchesBefore = undefined;
    this.ending = undefined;
    this.goTo('starting', reason, now);
  }

  takeHeartbeat(heartbeat: Heartbeat): void {
    this.heartbeat = heartbeat;
    // Warmup batches are not served batches: counting starts at the first heartbeat after the replica became ready.
    if (this.readyAt !== undefined) this.batchesBefore ??= heartbeat.batches;
  }

  /** Batches answered for callers by the present process. */
  get batchesServed(): number {
    const batches = this.heartbeat?.batches ?? 0;
    return batches - (this.batchesBefore ?? batches);
  }

  noteLateError({ detail: message, stack = '' }: Exit): LateError {
    this.lateError = { replica: this.id, incarnation: this.incarnation, message, stack };
    return this.lateError;
  }

  /** Throws when the state table has no such transition. */
  goTo(to: ReplicaState, reason: string, now: number): void {
    const from = this.#state;
    checkTransition(this.id, from, to);
    this.#state = to;
    this.#reason = reason;
    this.#since = now;
    this.#onMoved({ replica: this.id, incarnation: this.incarnation, from, to, reason });
  }
}

/** A replica's status as shown to operators. */
export type ReplicaStatus = Readonly<ReturnType<typeof statusOf>>;

/** `since` is the monotonic time of the last transition, in ms. */
export function statusOf(slot: ReplicaSlot) {
  const { id: replica, placement, device, state, reason, since, incarnation, heartbeat, lateError } = slot;
  const restarts = Math.max(0, incarnation - 1);
  return { replica, placement, device, state, reason, since, incarnation, restarts, heartbeat, lateError };
}
