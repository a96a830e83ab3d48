import type { Clock } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer } from '../../model/inference.ts';
import type { ModelCall } from '../../model/model-call.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import type { Origin } from '../../work/origin.ts';
import type { RoutedPorts } from '../routes/routed-call.ts';
import { CallTargets, type CallWorld } from './call-targets.ts';
import { InnerCall } from './inner-call.ts';

/** Dependencies of {@link InnerCalls}. */
export interface InnerCallPorts extends CallWorld {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Calls of models by models. A call enters the called version, or a route, like that of a client, for the tenant and in the
 * priority class of the request that it is part of, and until its deadline.
 */
export class InnerCalls {
  /** A call was refused before its version admitted it. */
  readonly refused = new Event<{
    readonly version: VersionInService | undefined;
    readonly refusal: Refusal;
  }>();
  readonly targets: CallTargets;
  readonly #ports: RoutedPorts;

  constructor(ports: InnerCallPorts) {
    this.targets = new CallTargets(ports);
    this.#ports = { ...ports, refused: this.refused };
  }

  /** Which of these models is not ready, and why; undefined when all are. */
  readonly whyNotReady = (models: readonly string[]): string | undefined => this.targets.whyNotReady(models);

  /** Calls models on behalf of a version, which is named like `digits/1`. */
  callerFor(by: string): ModelCaller {
    return { call: (call, origin, onSettled) => this.#call(by, { call, origin }, onSettled) };
  }

  #call(
    by: string,
    what: { readonly call: ModelCall; readonly origin: Origin },
    onSettled: (outcome: Answer | Refusal) => void,
  ): () => void {
    const circle = this.targets.whyCircular(by, what.call.model);
    const inner = new InnerCall({ ...this.#ports, targets: this.targets }, what, onSettled);
    if (circle === undefined) inner.start();
    else inner.refuse(refuse('MODEL_ERROR', circle));
    return () => inner.cancel();
  }
}
