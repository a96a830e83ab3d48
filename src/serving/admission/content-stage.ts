import { isRefusal } from '../../base/errors.ts';
import type { Event } from '../../base/event.ts';
import { contentKeyOf } from '../recovery/content-key.ts';
import type { AdmissionStage, Admitted, OnSettled, Submission } from './admission-stage.ts';
import type { RequestFacts } from './request-facts.ts';
import type { ResponseCache } from './response-cache.ts';

/** Contents are hashed on the event loop, so larger requests are not compared. */
const LARGEST_COMPARED_BYTES = 1024 * 1024;

/** Compares requests by content: answers from the cache, and makes the keys for single flight. */
export class ContentStage implements AdmissionStage {
  readonly #cache: ResponseCache | undefined;
  readonly #cacheHit: Event<RequestFacts>;
  readonly #next: AdmissionStage;

  /** Without a cache only the keys are made. `cacheHit` is emitted for every answer from it. */
  constructor(cache: ResponseCache | undefined, cacheHit: Event<RequestFacts>, next: AdmissionStage) {
    this.#cache = cache;
    this.#cacheHit = cacheHit;
    this.#next = next;
  }

  enter(submission: Submission, onSettled: OnSettled): Admitted {
    const { facts, isDenied, isSuspect } = submission;
    const contentKey = isDenied || isSuspect ? undefined : keyOf(facts);
    if (contentKey === undefined) return this.#next.enter(submission, onSettled);
    const keyed = { ...submission, facts: { ...facts, contentKey } };
    const cache = this.#cache;
    if (cache === undefined) return this.#next.enter(keyed, onSettled);
    const cached = cache.find(contentKey);
    if (cached !== undefined) {
      this.#cacheHit.emit(facts);
      return { cached };
    }
    return this.#next.enter(keyed, (outcome) => {
      if (!isRefusal(outcome)) cache.keep(contentKey, outcome);
      onSettled(outcome);
    });
  }
}

/** undefined where contents are not compared. Requests with equal padded inputs may get different parts of the answer. */
function keyOf({ request, bytes, trueLength }: RequestFacts): string | undefined {
  // Its answer comes in parts, to one caller.
  if (request.parts !== undefined) return undefined;
  if (bytes > LARGEST_COMPARED_BYTES) return undefined;
  return trueLength === undefined ? contentKeyOf(request) : `${contentKeyOf(request)}|${trueLength}`;
}
