import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import type { Event } from '../base/event.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import type { InferenceRequest } from '../model/inference.ts';
import type { Admitted, OnSettled } from '../serving/admission/admission-stage.ts';
import { lateBefore } from '../serving/admission/request-describer.ts';
import { SplitRequest } from '../serving/admission/split-request.ts';
import type { Entry } from '../work/entry.ts';
import type { Arrival, Arrivals } from './arrivals.ts';
import type { BodyBudget, BodyOwner, BodyReservation } from './body-budget.ts';
import { type Admission, noRoom } from './header-check.ts';
import type { RouteDestination } from './routes/route-destination.ts';
import type { RoutedPorts } from './routes/routed-call.ts';
import { RoutedRequest } from './routes/routed-request.ts';

/** A call that was refused before its version admitted it. */
export interface RefusedCall {
  readonly version: VersionInService | undefined;
  readonly refusal: Refusal;
}

/** Dependencies that all calls share. */
export interface CallPorts {
  readonly clock: Clock;
  readonly budget: BodyBudget;
  readonly arrivals: Arrivals;
  readonly refused: Event<RefusedCall>;
  readonly routes: RoutedPorts;
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

/**
 * A client's request from its metadata to the last byte of its answer, in any protocol. It owns what must end with it:
 * the bytes of its body, its deadline, and its place in a version.
 */
export class Call implements Arrival, BodyOwner {
  /** Position in the heap of arriving calls. */
  heapIndex = -1;
  windowFrom = 0;
  windowBytes = 0;
  readonly admission: Admission;
  readonly deadline: number;
  readonly reservation: BodyReservation;
  readonly #ports: CallPorts;
  readonly #reader: CallReader;
  readonly #receivedAt: number;
  #isInFlight = true;
  #entry: Entry | SplitRequest | undefined;
  #routed: RoutedRequest | undefined;

  constructor(ports: CallPorts, admission: Admission, reader: CallReader) {
    const { caller, version, holder } = admission;
    this.#ports = ports;
    this.#reader = reader;
    this.admission = admission;
    this.#receivedAt = ports.clock.now();
    this.deadline = this.#receivedAt + (caller.timeoutMs ?? version.spec.settings.timeoutMs);
    this.reservation = ports.budget.open(holder, this);
    version.inFlightCalls += 1;
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
    this.#reader.refuse(lateBefore(this.#ports.clock.now() - this.#receivedAt));
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

  /** How its route handles it; undefined for a call of a model. */
  get routed(): RoutedRequest | undefined {
    return this.#routed;
  }

  /** The version that answers it. */
  get version(): VersionInService {
    return this.#routed?.version ?? this.admission.version;
  }

  /** Sends the decoded request to the version. */
  submit(request: InferenceRequest, onSettled: OnSettled): Admitted {
    const { version, caller: known } = this.admission;
    const waitedMs = this.#ports.clock.now() - this.#receivedAt;
    const caller = waitedMs === 0 ? known : { ...known, waitedMs };
    version.doorway.delay(this.admission.delayMs);
    const admitted = version.submit(request, onSettled, caller);
    if ('isExplained' in admitted) this.#entry = admitted;
    return admitted;
  }

  /** Sends the decoded request to its route. `onSettled` is called once, perhaps before this returns. */
  submitTo(destination: RouteDestination, request: InferenceRequest, onSettled: OnSettled): void {
    const deadline = Math.min(
      this.deadline,
      this.#receivedAt + (request.timeoutMs ?? Number.POSITIVE_INFINITY),
    );
    const { caller } = this.admission;
    const call = { destination, caller, request, receivedAt: this.#receivedAt, deadline };
    this.#routed = new RoutedRequest(this.#ports.routes, call, onSettled);
    this.#routed.start();
  }

  /** The entry whose path explains the answer; undefined where the caller did not ask for an explanation. */
  get explained(): Entry | undefined {
    if (this.#routed !== undefined)
      return this.admission.caller.isExplained ? this.#routed.explained : undefined;
    if (this.#entry?.isExplained !== true) return undefined;
    return this.#entry instanceof SplitRequest ? this.#entry.parts.at(-1) : this.#entry;
  }

  /** The outcome has reached the protocol. */
  settled(isRefused: boolean): void {
    const entry = this.#entry;
    this.#entry = undefined;
    // One part has failed; the others are cancelled at the end of the turn, when the failing one is settled.
    if (isRefused && entry instanceof SplitRequest) {
      this.#ports.clock.endOfTurn(() => this.admission.version.cancel(entry));
    }
  }

  /** Counts a refusal before admission. */
  refused(refusal: Refusal): void {
    this.#ports.refused.emit({ version: this.admission.version, refusal });
  }

  /** The answer is sent, or the client has disconnected. */
  close(isSent: boolean): void {
    this.#ports.arrivals.remove(this);
    const { version } = this.admission;
    if (this.#isInFlight) version.inFlightCalls -= 1;
    this.#isInFlight = false;
    if (this.#entry !== undefined && !isSent) version.cancel(this.#entry);
    if (!isSent) this.#routed?.cancel();
    // The connection keeps this object for longer: measured, a young collection copies twice as much with the attempts.
    this.#routed = undefined;
  }
}
