import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import { lateBefore } from '../serving/admission/late-refusals.ts';
import type { Arrival, Arrivals } from './arrivals.ts';
import type { BodyBudget, BodyOwner, BodyReservation } from './body-budget.ts';
import { type EnteredCall, noRoom } from './header-check.ts';

/** What an arriving call uses. */
export interface ArrivalPorts {
  readonly clock: Clock;
  readonly budget: BodyBudget;
  readonly arrivals: Arrivals;
}

/** The protocol's side of a call. */
export interface CallReader {
  /** Bytes of the request that have arrived. */
  readonly arrivedBytes: number;
  /** The server has paused reading from the connection. */
  readonly isPaused: boolean;
  /** Ends the call while its request arrives or is decoded. */
  refuse(refusal: Refusal): void;
}

/** The time for a body that names its model: the default of `timeoutMs`. */
const NAMING_TIMEOUT_MS = 30_000;

/** A call from its metadata until its request is decoded: it owns the bytes of its body and its deadline. */
export class ArrivingCall<Admitted extends EnteredCall = EnteredCall> implements Arrival, BodyOwner {
  /** Position in the heap of arriving calls. */
  heapIndex = -1;
  windowFrom = 0;
  windowBytes = 0;
  readonly admission: Admitted;
  readonly receivedAt: number;
  readonly deadline: number;
  reservation: BodyReservation;
  readonly #ports: ArrivalPorts;
  readonly #reader: CallReader;

  constructor(ports: ArrivalPorts, admission: Admitted, reader: CallReader) {
    const { caller, version, receivedAt, holder } = admission;
    this.#ports = ports;
    this.#reader = reader;
    this.admission = admission;
    this.receivedAt = receivedAt ?? ports.clock.now();
    this.deadline =
      this.receivedAt + (caller.timeoutMs ?? version?.spec.settings.timeoutMs ?? NAMING_TIMEOUT_MS);
    this.reservation = ports.budget.open(holder, this);
    ports.arrivals.add(this);
  }

  get isArriving(): boolean {
    return this.reservation.isArriving;
  }

  get isPaused(): boolean {
    return this.#reader.isPaused;
  }

  get arrivedBytes(): number {
    return this.#reader.arrivedBytes;
  }

  giveWay(): void {
    this.#reader.refuse(noRoom('budget'));
  }

  deadlinePassed(): void {
    this.#reader.refuse(lateBefore(this.#ports.clock.now() - this.receivedAt));
  }

  tooSlow(): void {
    this.#reader.refuse(
      refuse('BODY_TIMEOUT', 'the body arrived more slowly than http.minBodyBytesPerSecond allows'),
    );
  }

  cut(): void {
    this.#reader.refuse(refuse('DRAINING', 'the server is shutting down and does not wait for this body'));
  }

  /** Its request is decoded, or not needed any more. */
  decoded(): void {
    this.#ports.arrivals.remove(this);
  }

  /** Its body has arrived as that of another call, and named the model: it owns the bytes from now on. */
  takeOver({ reservation }: ArrivingCall): void {
    this.reservation = reservation;
    this.decoded();
  }
}
