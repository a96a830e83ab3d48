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

/** What the stages are made of. */
export interface EntranceParts {
  readonly settings: ModelSettings;
  readonly loaded: LoadedVersion;
  readonly path: RequestPath;
  readonly cache: ResponseCache | undefined;
  readonly cacheHit: Event<RequestFacts>;
  /** Behind the last stage only size, lane, deadline and tenant count: a replay of a recording enters there. */
  readonly core: AdmissionStage;
}

/** Where requests enter a version whose model is loaded: described first, then through the stages of admission. */
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
 * The stages of admission that read the contents of requests. A stage exists only where the settings or the model need it.
 * The order:
 *
 * 1. the deny list, so that an input that ends replicas is neither looked up nor kept;
 * 2. contents: the cache answers, single flight gets its key;
 * 3. the cut of padded answers, behind the cache, which keeps them cut;
 * 4. the split, last, so that all before it see the request whole; its parts pass the deny list again.
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
