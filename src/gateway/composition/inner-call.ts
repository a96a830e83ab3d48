import type { Timer } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { type Answer, type InferenceRequest, withoutParameters } from '../../model/inference.ts';
import type { ModelCall } from '../../model/model-call.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import type { SplitRequest } from '../../serving/admission/split-request.ts';
import type { Entry } from '../../work/entry.ts';
import type { Origin } from '../../work/origin.ts';
import type { ActiveRoute } from '../routes/active-route.ts';
import { enterRoute } from '../routes/route-destination.ts';
import type { RoutedPorts } from '../routes/routed-call.ts';
import { RoutedRequest } from '../routes/routed-request.ts';
import type { CallTargets } from './call-targets.ts';

/** What all calls share. */
export interface InnerCallShared extends RoutedPorts {
  readonly targets: CallTargets;
}

/** Interval at which a run of the server itself looks whether the called model has started. */
const LOOK_EVERY_MS = 20;

/** One call of a model by a model: in a version or a route, settled at most once, and not after it is cancelled. */
export class InnerCall {
  readonly #shared: InnerCallShared;
  readonly #call: ModelCall;
  readonly #origin: Origin;
  readonly #startedAt: number;
  #onSettled: ((outcome: Answer | Refusal) => void) | undefined;
  /** Ends what runs for it. */
  #release: () => void = () => {};
  #isStarting = true;

  constructor(
    shared: InnerCallShared,
    { call, origin }: { readonly call: ModelCall; readonly origin: Origin },
    onSettled: (outcome: Answer | Refusal) => void,
  ) {
    this.#shared = shared;
    this.#call = call;
    this.#origin = origin;
    this.#startedAt = shared.clock.now();
    this.#onSettled = onSettled;
  }

  /** It is settled after this returns, never before. */
  start(): void {
    const found = this.#shared.targets.find(this.#call.model);
    if (isRefusal(found)) {
      this.refuse(found);
      return;
    }
    const { version, route } = found;
    const until = this.#until(version);
    const leftMs = until - this.#shared.clock.now();
    if (leftMs <= 0) {
      this.refuse(refuse('DEADLINE_RUNNING', 'the deadline of the request passed before the call'), version);
    } else if (this.#origin.deadline === undefined && version.state === 'starting') {
      this.#startLater();
    } else if (route === undefined) {
      this.#enter(version, leftMs);
    } else {
      this.#follow(route, until);
    }
    this.#isStarting = false;
  }

  /** Refuses it after the present turn. */
  refuse(refusal: Refusal, version?: VersionInService): void {
    this.#shared.refused.emit({ version, refusal });
    this.#shared.clock.endOfTurn(() => this.#settle(refusal));
  }

  /** Its outcome is not needed any more. */
  cancel(): void {
    this.#onSettled = undefined;
    this.#release();
  }

  /** A replica that is warmed up waits for the models that it calls: they may start at the same time. */
  #startLater(): void {
    const { clock } = this.#shared;
    const timer: Timer = clock.at(clock.now() + LOOK_EVERY_MS, () => this.start());
    this.#release = () => timer.cancel();
  }

  #enter(version: VersionInService, leftMs: number): void {
    const request =
      version.metadata?.readsParameters === false ? withoutParameters(this.#request()) : this.#request();
    const admitted = version.submit(request, (outcome) => this.#settle(outcome), this.#caller(leftMs));
    if (isRefusal(admitted)) this.refuse(admitted, version);
    else if ('cached' in admitted) this.#shared.clock.endOfTurn(() => this.#settle(admitted.cached));
    else this.#release = () => this.#leave(version, admitted);
  }

  #follow(route: ActiveRoute, deadline: number): void {
    const { clock } = this.#shared;
    const { tenant } = this.#origin;
    const view = {
      name: route.name,
      fields: {},
      tenant: tenant.name,
      version: undefined,
      request: undefined,
    };
    const destination = enterRoute(route, view, this.#shared);
    if (isRefusal(destination)) {
      this.refuse(destination);
      return;
    }
    const now = clock.now();
    const caller = this.#caller(deadline - now);
    const call = { destination, caller, request: this.#request(), receivedAt: now, deadline };
    const routed = new RoutedRequest(this.#shared, call, (outcome) => {
      if (this.#isStarting) clock.endOfTurn(() => this.#settle(outcome));
      else this.#settle(outcome);
    });
    this.#release = () => clock.endOfTurn(() => routed.cancel());
    routed.start();
  }

  #request(): InferenceRequest {
    const { inputs, parameters } = this.#call;
    const { requestId, priority } = this.#origin;
    return { id: requestId, inputs, parameters, timeoutMs: undefined, priority };
  }

  #caller(timeoutMs: number): Caller {
    return { tenant: this.#origin.tenant, timeoutMs, isExplained: false, waitedMs: 0 };
  }

  /** The moment after which its answer is useless. */
  #until({ spec }: VersionInService): number {
    const { deadline = this.#startedAt + spec.settings.timeoutMs } = this.#origin;
    return Math.min(deadline, this.#startedAt + (this.#call.timeoutMs ?? Number.POSITIVE_INFINITY));
  }

  /** After the turn: what happens in a version must not reach another one before it is over. */
  #leave(version: VersionInService, admitted: Entry | SplitRequest): void {
    this.#shared.clock.endOfTurn(() => version.cancel(admitted));
  }

  #settle(outcome: Answer | Refusal): void {
    const onSettled = this.#onSettled;
    if (onSettled === undefined) return;
    this.#onSettled = undefined;
    // Of a request in parts, the others are still running when one has failed.
    if (isRefusal(outcome)) this.#release();
    onSettled(outcome);
  }
}
