import { isRefusal, type Refusal } from '../base/errors.ts';
import type { Event } from '../base/event.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import type { Caller, RequestFacts } from '../serving/request-facts.ts';
import type { Entry } from '../work/entry.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { RequestPath } from './request-path.ts';
import type { Cached, Reuse } from './reuse.ts';
import type { Arrived } from './version-spec.ts';

/** What stands behind the reception. */
export interface Backstage {
  readonly path: RequestPath;
  readonly reuse: Reuse;
  readonly loaded: LoadedVersion | undefined;
  readonly cacheHit: Event<RequestFacts>;
  whyNot(): Refusal | undefined;
  admit(arrived: Arrived, onSettled: OnSettled): Entry | Refusal;
}

type OnSettled = (outcome: Answer | Refusal) => void;

/**
 * What is done with the contents of a request before it is admitted, and with those of its answer. From here on only
 * its size, lane and deadline are looked at: a replay has no more.
 */
export class Reception {
  readonly #version: Backstage;

  constructor(version: Backstage) {
    this.#version = version;
  }

  submit(request: InferenceRequest, onSettled: OnSettled, caller: Caller): Entry | Refusal | Cached {
    const { path, reuse, loaded } = this.#version;
    const described = path.describe(request, caller);
    if (isRefusal(described)) return described;
    const isDenied = path.denyList.deniedForMs(described.request) !== undefined;
    const { trueLength } = described;
    const padding = trueLength === undefined ? undefined : loaded?.padding;
    const contentKey = isDenied ? undefined : reuse.contentKeyOf(described);
    if (padding === undefined && contentKey === undefined) {
      return this.#version.admit({ facts: described, isDenied }, onSettled);
    }
    const cached = this.#find(contentKey);
    if (cached !== undefined) {
      this.#version.cacheHit.emit(described);
      return { cached };
    }
    const facts = contentKey === undefined ? described : { ...described, contentKey };
    return this.#version.admit({ facts, isDenied }, (outcome) => {
      if (isRefusal(outcome)) {
        onSettled(outcome);
        return;
      }
      const answer = padding === undefined ? outcome : padding.cut(outcome, trueLength ?? 0);
      if (contentKey !== undefined) reuse.keep(contentKey, answer);
      onSettled(answer);
    });
  }

  #find(contentKey: string | undefined): Answer | undefined {
    if (contentKey === undefined || this.#version.whyNot() !== undefined) return undefined;
    return this.#version.reuse.find(contentKey);
  }
}
