import type { Clock } from '../../base/clock.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { Answer } from '../../model/inference.ts';
import type { RequestFacts } from '../../serving/admission/request-facts.ts';
import { ResponseCache } from '../../serving/admission/response-cache.ts';
import { contentKeyOf } from '../../serving/recovery/content-key.ts';

/** An answer that was there already. */
export interface Cached {
  readonly cached: Answer;
}

/** To compare contents they must be read: above this it would hold up everybody else. */
const LARGEST_COMPARED_BYTES = 1024 * 1024;

/** Answers used more than once, where the settings say that equal requests have equal answers. */
export class Reuse {
  readonly cache: ResponseCache | undefined;
  readonly #comparesContents: boolean;

  constructor(clock: Clock, { cache, singleFlight }: ModelSettings) {
    this.cache = cache.enabled ? new ResponseCache(clock, cache) : undefined;
    this.#comparesContents = cache.enabled || singleFlight;
  }

  /** What stands for the contents of a request; undefined where they are not compared. */
  contentKeyOf({ request, bytes, trueLength }: RequestFacts): string | undefined {
    if (!this.#comparesContents || bytes > LARGEST_COMPARED_BYTES) return undefined;
    // Padded alike they may still differ in what they get of the answer.
    return trueLength === undefined ? contentKeyOf(request) : `${contentKeyOf(request)}|${trueLength}`;
  }

  find(contentKey: string): Answer | undefined {
    return this.cache?.find(contentKey);
  }

  keep(contentKey: string, answer: Answer): void {
    this.cache?.keep(contentKey, answer);
  }
}
