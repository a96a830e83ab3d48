import { isRefusal, type Refusal, refuse } from '../base/errors.ts';
import { reportMistake } from '../base/mistake.ts';
import { type InferenceRequest, withoutParameters } from '../model/inference.ts';
import type { OnSettled } from '../serving/admission/admission-stage.ts';
import type { CallReader } from './arriving-call.ts';
import { Call, type CallPorts } from './call.ts';
import type { Admission } from './header-check.ts';

type Outcome = Parameters<OnSettled>[0];

/** A call from this process: its request is complete from the start. */
export class LocalCall implements CallReader {
  readonly arrivedBytes = 0;
  readonly isPaused = false;
  readonly #call: Call;
  #onSettled: OnSettled | undefined;

  /** `onSettled` is called once, perhaps before `start` returns. */
  constructor(ports: CallPorts, admission: Admission, onSettled: OnSettled) {
    this.#call = new Call(ports, admission, this);
    this.#onSettled = onSettled;
  }

  /** An internal error ends only this call. */
  start(request: InferenceRequest): void {
    try {
      this.#submit(request);
    } catch (error) {
      reportMistake('a call of this process', error);
      this.refuse(refuse('INTERNAL', 'internal error'));
    }
  }

  #submit(request: InferenceRequest): void {
    const { version, destination } = this.#call.admission;
    this.#call.reservation.arrived();
    this.#call.decoded();
    if (destination !== undefined) {
      this.#call.submitTo(destination, request, (outcome) => this.#settled(outcome));
      return;
    }
    const known = version.metadata?.readsParameters === false ? withoutParameters(request) : request;
    const admitted = this.#call.submit(known, (outcome) => this.#settled(outcome));
    if (isRefusal(admitted)) {
      this.#call.refused(admitted);
      this.#settled(admitted);
    } else if ('cached' in admitted) this.#settled(admitted.cached);
  }

  /** Ends the call; what waits or runs for it is cancelled. */
  refuse(refusal: Refusal): void {
    this.#end(refusal, false);
  }

  #settled(outcome: Outcome): void {
    this.#call.settled(isRefusal(outcome));
    this.#end(outcome, true);
  }

  #end(outcome: Outcome, isSettled: boolean): void {
    const onSettled = this.#onSettled;
    this.#onSettled = undefined;
    if (onSettled === undefined) return;
    this.#call.close(isSettled);
    onSettled(outcome);
  }
}
