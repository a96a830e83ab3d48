import type { Refusal } from '../base/errors.ts';
import type { Event } from '../base/event.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import type { InferenceRequest } from '../model/inference.ts';
import type { Admitted, OnSettled } from '../serving/admission/admission-stage.ts';
import { SplitRequest } from '../serving/admission/split-request.ts';
import type { Entry } from '../work/entry.ts';
import { type ArrivalPorts, ArrivingCall, type CallReader } from './arriving-call.ts';
import type { Admission } from './header-check.ts';
import type { RouteDestination } from './routes/route-destination.ts';
import type { RoutedPorts } from './routes/routed-call.ts';
import { RoutedRequest } from './routes/routed-request.ts';

/** A call that was refused before its version admitted it. */
export interface RefusedCall {
  readonly version: VersionInService | undefined;
  readonly refusal: Refusal;
}

/** Dependencies that all calls share. */
export interface CallPorts extends ArrivalPorts {
  readonly refused: Event<RefusedCall>;
  readonly routes: RoutedPorts;
}

/**
 * A client's request from its metadata to the last byte of its answer, in any protocol. It owns what must end with it:
 * the bytes of its body, its deadline, and its place in a version.
 */
export class Call extends ArrivingCall<Admission> {
  readonly #ports: CallPorts;
  #isInFlight = true;
  #entry: Entry | SplitRequest | undefined;
  #routed: RoutedRequest | undefined;

  constructor(ports: CallPorts, admission: Admission, reader: CallReader) {
    super(ports, admission, reader);
    this.#ports = ports;
    admission.version.inFlightCalls += 1;
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
    const waitedMs = this.#ports.clock.now() - this.receivedAt;
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
      this.receivedAt + (request.timeoutMs ?? Number.POSITIVE_INFINITY),
    );
    const { caller } = this.admission;
    const call = { destination, caller, request, receivedAt: this.receivedAt, deadline };
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

  /** Its answer cannot be completed. The version may be in the middle of what is the cause. */
  breakOff(): void {
    const entry = this.#entry;
    if (entry !== undefined) this.#ports.clock.endOfTurn(() => this.admission.version.cancel(entry));
  }

  /** Counts a refusal before admission. */
  refused(refusal: Refusal): void {
    this.#ports.refused.emit({ version: this.admission.version, refusal });
  }

  /** The answer is sent, or the client has disconnected. */
  close(isSent: boolean): void {
    this.decoded();
    const { version } = this.admission;
    if (this.#isInFlight) version.inFlightCalls -= 1;
    this.#isInFlight = false;
    if (this.#entry !== undefined && !isSent) version.cancel(this.#entry);
    if (!isSent) this.#routed?.cancel();
    // The connection keeps this object for longer: measured, a young collection copies twice as much with the attempts.
    this.#routed = undefined;
  }
}
