import { isRefusal } from '../../base/errors.ts';
import type { Event } from '../../base/event.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import type { AdmissionStage, Admitted, OnSettled } from '../../serving/admission/admission-stage.ts';
import { ContentStage } from '../../serving/admission/content-stage.ts';
import { CutStage } from '../../serving/admission/cut-stage.ts';
import { DenyStage } from '../../serving/admission/deny-stage.ts';
import type { RequestDescriber } from '../../serving/admission/request-describer.ts';
import type { Caller, RequestFacts } from '../../serving/admission/request-facts.ts';
import type { ResponseCache } from '../../serving/admission/response-cache.ts';
import { SplitStage } from '../../serving/admission/split-stage.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { RequestPath } from './request-path.ts';

/** Dependencies of the stages. */
export interface EntranceParts {
  readonly settings: ModelSettings;
  readonly loaded: LoadedVersion;
  readonly path: RequestPath;
  readonly cache: ResponseCache | undefined;
  readonly cacheHit: Event<RequestFacts>;
  /** The last stage needs only size, lane, deadline and tenant: the replay of a recording enters there. */
  readonly core: AdmissionStage;
}

/** Entry point for requests of a loaded version: a request is described first, then passes the stages of admission. */
export class Entrance {
  readonly #describer: RequestDescriber;
  readonly #stages: AdmissionStage;

  constructor(parts: EntranceParts) {
    this.#describer = parts.loaded.describer;
    this.#stages = stagesOf(parts);
  }

  submit(request: InferenceRequest, onSettled: OnSettled, caller: Caller): Admitted {
    const facts = this.#describer.describe(request, caller);
    if (isRefusal(facts)) return facts;
    return this.#stages.enter({ facts, isDenied: false, isSuspect: false }, onSettled);
  }
}

/**
 * The admission stages that read the contents of requests. A stage exists only where the settings or the model need it.
 * The order:
 *
 * 1. the deny list, so that an input that ends replicas is neither looked up nor cached;
 * 2. contents: answers from the cache, and sets the key for single flight;
 * 3. the cut of padded answers, after the cache, so that the cache stores cut answers;
 * 4. the split, last, so that the stages before it see the whole request; its parts pass the deny list again.
 */
function stagesOf(parts: EntranceParts): AdmissionStage {
  const { settings, loaded, path, cache, cacheHit, core } = parts;
  const { findings, quarantine, service } = path;
  const terms = {
    maxBatchSize: () => findings.maxBatchSize,
    whyTooLarge: service.whyTooLarge.bind(service),
    cancel: service.cancel.bind(service),
  };
  const split = new SplitStage(terms, core, new DenyStage(quarantine, core));
  const cut = loaded.padding === undefined ? split : new CutStage(loaded.padding, split);
  const comparesContents = cache !== undefined || settings.singleFlight;
  const contents = comparesContents ? new ContentStage(cache, cacheHit, cut) : cut;
  return new DenyStage(quarantine, contents);
}
