import type { Timer } from '../../base/clock.ts';
import type { Exit } from '../../replica/exit.ts';
import type { Heartbeat, Replica, ReplicaId } from '../../replica/replica.ts';
import {
  checkTransition,
  type HealthStatus,
  hasHealthStatus,
  type ReplicaState,
} from '../../replica/replica-state.ts';

/** A replica has gone from one state to another. */
export interface ReplicaMoved {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly from: ReplicaState;
  readonly to: ReplicaState;
  readonly reason: string;
}

/** An error of a model's own, outside of its answers, has ended a replica. */
export interface LateError {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly message: string;
  /** Empty where none is known. */
  readonly stack: string;
}

/** Stands for one life of a replica. */
export function incarnationName(replica: ReplicaId, incarnation: number): string {
  return `${replica} ${incarnation}`;
}

/** Why we end a replica ourselves, and what is to come of its slot. */
export interface Ending {
  readonly reason: string;
  /** `again` begins a new life at once, `stay` leaves the slot empty, `fault` lets the restart policy say. */
  readonly afterwards: 'again' | 'stay' | 'fault';
}

/** One replica's seat in its version and all its lives, one after the other. Its state is changed here alone. */
export class ReplicaSlot {
  readonly id: ReplicaId;
  readonly index: number;
  readonly #onMoved: (moved: ReplicaMoved) => void;
  #state: ReplicaState = 'stopped';
  #reason = 'wanted';
  #since: number;
  incarnation = 0;
  /** The present life; undefined between lives. */
  replica: Replica | undefined;
  readyAt: number | undefined;
  heartbeat: Heartbeat | undefined;
  /** Batches it had run when it was first seen ready: practice. */
  batchesBefore: number | undefined;
  ending: Ending | undefined;
  /** The last error outside of its answers that ended a life of it. */
  lateError: LateError | undefined;
  /** Given up for settings that can never fit: only an operator can help. */
  isHopeless = false;
  /** Given up before and tried once more: what fails again is given up at once. */
  isTrial = false;
  /** Ends a start, or a drain, that takes too long; or begins the next life. */
  alarm: Timer | undefined;

  constructor(id: ReplicaId, index: number, now: number, onMoved: (moved: ReplicaMoved) => void) {
    this.id = id;
    this.index = index;
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

  /** Whether it is between the decision to begin a life and its being ready. */
  get isComing(): boolean {
    return this.#state === 'starting' || this.#state === 'warming' || this.#state === 'backoff';
  }

  /** A new life begins: what was known of the last one is gone. */
  beginIncarnation(reason: string, now: number): void {
    this.incarnation += 1;
    this.readyAt = undefined;
    this.heartbeat = undefined;
    this.batchesBefore = undefined;
    this.ending = undefined;
    this.goTo('starting', reason, now);
  }

  takeHeartbeat(heartbeat: Heartbeat): void {
    this.heartbeat = heartbeat;
    // Rehearsal is no service: what a life has answered counts from the first heartbeat after it became ready.
    if (this.readyAt !== undefined) this.batchesBefore ??= heartbeat.batches;
  }

  /** Batches it has answered for callers in its present process. */
  get batchesServed(): number {
    const batches = this.heartbeat?.batches ?? 0;
    return batches - (this.batchesBefore ?? batches);
  }

  noteLateError({ detail: message, stack = '' }: Exit): LateError {
    this.lateError = { replica: this.id, incarnation: this.incarnation, message, stack };
    return this.lateError;
  }

  /** Throws on a step that the table of states does not have. */
  goTo(to: ReplicaState, reason: string, now: number): void {
    const from = this.#state;
    checkTransition(this.id, from, to);
    this.#state = to;
    this.#reason = reason;
    this.#since = now;
    this.#onMoved({ replica: this.id, incarnation: this.incarnation, from, to, reason });
  }
}

/** A replica as operators see it. */
export interface ReplicaStatus {
  readonly replica: ReplicaId;
  readonly state: ReplicaState;
  readonly reason: string;
  /** Monotonic moment of the last transition, in ms. */
  readonly since: number;
  readonly incarnation: number;
  readonly restarts: number;
  readonly heartbeat: Heartbeat | undefined;
  readonly lateError: LateError | undefined;
}

/** What is told of a slot to whoever asks. */
export function statusOf({
  id,
  state,
  reason,
  since,
  incarnation,
  heartbeat,
  lateError,
}: ReplicaSlot): ReplicaStatus {
  const restarts = Math.max(0, incarnation - 1);
  return { replica: id, state, reason, since, incarnation, restarts, heartbeat, lateError };
}
