import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import { isRefusal, type Refusal, refuse, ServingError } from '../base/errors.ts';
import { GalleyError } from '../base/galley-error.ts';
import { PRIORITIES } from '../config/priority-names.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import { type NamedInputs, type NamedOutputs, namedOutputs, tensorsOf } from '../model/named-tensors.ts';
import { copySegments } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CallPorts } from './call.ts';
import type { Admission, HeaderCheck } from './header-check.ts';
import type { InferOptions } from './infer-options.ts';
import { LocalCall } from './local-call.ts';

/** Calls with one signal before Node warns of a leak. */
const MOST_CALLS = 1_000;

const CANCELLED = refuse('CANCELLED', 'the signal of the call was aborted');

/** Calls from the code of this process. They take the way of a request over HTTP, without bytes and sockets. */
export class LocalCalls {
  readonly #headerCheck: HeaderCheck;
  readonly #ports: CallPorts;
  #open = 0;
  #whenNone: (() => void)[] = [];

  constructor(headerCheck: HeaderCheck, ports: CallPorts) {
    this.#headerCheck = headerCheck;
    this.#ports = ports;
  }

  /** Calls a model or a route. Rejects with a GalleyError. */
  async infer(target: string, inputs: NamedInputs, options: InferOptions = {}): Promise<NamedOutputs> {
    const { signal } = options;
    if (signal?.aborted) throw errorOf(CANCELLED, signal.reason);
    const admission = this.#admit(target, options);
    const request = this.#read(admission, inputs, options);
    this.#open += 1;
    let cancel = () => {};
    const outcome = await new Promise<Answer | Refusal>((settle) => {
      const call = new LocalCall(this.#ports, admission, settle);
      cancel = () => call.refuse(CANCELLED);
      if (signal !== undefined) listen(signal, cancel);
      call.start(request);
    });
    signal?.removeEventListener('abort', cancel);
    this.#leave();
    if (outcome === CANCELLED) throw errorOf(outcome, signal?.reason);
    if (isRefusal(outcome)) throw errorOf(outcome);
    return namedOutputs(outcome.outputs, isShared(admission));
  }

  /** Resolves when no call is unanswered. */
  async whenNone(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }

  #admit(target: string, { version, timeoutMs, tenant, headers = {} }: InferOptions): Admission {
    if (timeoutMs !== undefined && !(timeoutMs > 0 && Number.isFinite(timeoutMs))) {
      const wrong = `timeoutMs is ${timeoutMs}, wanted a number of milliseconds above 0`;
      throw this.#refused(undefined, refuse('INVALID_INPUT', wrong));
    }
    const wanted = version === undefined ? undefined : String(version);
    const admission = this.#headerCheck.decideLocal({ tenant, timeoutMs, fields: headers }, target, wanted);
    if (isRefusal(admission)) throw this.#refused(undefined, admission);
    const { destination, version: called, caller } = admission;
    const turnedAway = destination === undefined ? called.doorway.turnAway(caller, 0) : undefined;
    if (turnedAway !== undefined) throw this.#refused(called, turnedAway);
    return admission;
  }

  #read(
    { version, destination }: Admission,
    inputs: NamedInputs,
    { priority, parameters = {} }: InferOptions,
  ): InferenceRequest {
    const known = [version, ...(destination?.others ?? [])].flatMap(({ metadata }) => metadata?.inputs ?? []);
    try {
      const tensors = tensorsOf(destination?.view.name ?? version.spec.model, inputs, known);
      return {
        ...{ id: '', parameters, timeoutMs: undefined },
        // The shadow of a route or the control of a canary may run longer than the call.
        inputs: destination === undefined ? tensors : tensors.map(withOwnMemory),
        priority: priority === undefined ? 0 : numberOf(priority),
      };
    } catch (caught) {
      throw this.#refused(version, ServingError.from(caught).refusal);
    }
  }

  #refused(version: Admission['version'] | undefined, refusal: Refusal): GalleyError {
    this.#ports.refused.emit({ version, refusal });
    return errorOf(refusal);
  }

  #leave(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }
}

/** Node warns of a leak at eleven listeners, which as many calls of one request are not. */
function listen(signal: AbortSignal, cancel: () => void): void {
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(MOST_CALLS, signal);
  signal.addEventListener('abort', cancel);
}

/** Whether others may have the same answer: a cache, equal requests, or a route that compares or keeps it. */
function isShared({ destination, version }: Admission): boolean {
  return destination !== undefined || version.cache !== undefined || version.spec.settings.singleFlight;
}

function withOwnMemory(tensor: Tensor): Tensor {
  return { ...tensor, data: copySegments(tensor.data) };
}

/** The number of the protocol for a priority: 1 is the most urgent. */
function numberOf(priority: string): number {
  const index = (PRIORITIES as readonly string[]).indexOf(priority);
  if (index >= 0) return PRIORITIES.length - index;
  throw new ServingError(
    'INVALID_INPUT',
    `priority is '${priority}', wanted one of ${PRIORITIES.join(', ')}`,
  );
}

function errorOf(refusal: Refusal, cause = refusal.cause): GalleyError {
  return new GalleyError(refusal, cause === undefined ? undefined : { cause });
}
