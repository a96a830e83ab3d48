import type { Clock } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import type { CompareSettings } from '../../config/canary-settings.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import { disagreement } from '../../routing/agreement.ts';
import type { Target } from '../../routing/route-plan.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import { dataBytes } from '../../tensor/tensor.ts';

/** Bounds of the copies in progress, and how their answers are compared. */
export interface CopyTerms {
  readonly to: Target;
  readonly maxInFlight: number;
  readonly maxBytes: number;
  readonly compare: CompareSettings;
}

/** How a copy ended. */
export type CopyResult = 'agreed' | 'differed' | 'failed' | 'skipped' | 'alone';

/** A copy whose answer waits for the original's, or the other way round. */
export interface RequestCopy {
  /** The answer to the original; undefined when it has none. */
  original(answer: Answer | undefined): void;
}

/** The protocol's number of the lowest class: a copy is shed before any request of a caller. */
const LOWEST_CLASS = 255;
/** Copies count for no tenant of a caller. */
const COPIES: Caller = {
  tenant: { name: 'galley-shadow', weight: 1 },
  timeoutMs: undefined,
  isExplained: false,
  waitedMs: 0,
};

/** Sends copies of requests to another target, and compares the answers. A copy never delays or fails its original. */
export class RequestCopies {
  readonly counts: Record<CopyResult, number> = { agreed: 0, differed: 0, failed: 0, skipped: 0, alone: 0 };
  /** The last difference, in words. */
  lastDifference = '';
  readonly #terms: CopyTerms;
  readonly #ports: { readonly clock: Clock; readonly registry: ModelRegistry };
  #inFlight = 0;
  #bytes = 0;

  constructor(terms: CopyTerms, ports: { readonly clock: Clock; readonly registry: ModelRegistry }) {
    this.#terms = terms;
    this.#ports = ports;
  }

  /** Copies in progress. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Copies a request that goes to `original`; undefined where the copy has to give way. `compared` is called at most once,
   * when both answers are there.
   */
  copy(
    request: InferenceRequest,
    original: VersionInService | undefined,
    compared: (agree: boolean) => void = () => {},
  ): RequestCopy | undefined {
    const { to, maxInFlight, maxBytes } = this.#terms;
    const bytes = dataBytes(request.inputs);
    const version = this.#ports.registry.find(to.model, to.version);
    const isRoom = this.#inFlight < maxInFlight && this.#bytes + bytes <= maxBytes;
    // Replicas share the cores of the machine: a copy would take what the waiting requests need.
    const isBusy = (original?.path.queue.rows ?? 0) > 0;
    if (isRefusal(version) || !isRoom || isBusy || !version.isReady || version.path.queue.rows > 0) {
      this.counts.skipped += 1;
      return undefined;
    }
    this.#inFlight += 1;
    this.#bytes += bytes;
    const pair = new Pair((one, other) => {
      const result = this.#compare(one, other);
      this.counts[result] += 1;
      if (result === 'agreed' || result === 'differed') compared(result === 'agreed');
    });
    const ended = (answer: Answer | undefined) => {
      this.#inFlight -= 1;
      this.#bytes -= bytes;
      pair.copied(answer);
    };
    const parameters = version.metadata?.readsParameters === true ? request.parameters : {};
    const admitted = version.submit(
      { ...request, id: `copy of ${request.id}`, parameters, priority: LOWEST_CLASS },
      (outcome) => ended(isRefusal(outcome) ? undefined : outcome),
      COPIES,
    );
    if (isRefusal(admitted)) ended(undefined);
    else if ('cached' in admitted) ended(admitted.cached);
    return pair;
  }

  #compare(original: Answer | undefined, copy: Answer | undefined): CopyResult {
    if (copy === undefined) return 'failed';
    if (original === undefined) return 'alone';
    const difference = disagreement(original, copy, this.#terms.compare);
    if (difference === undefined) return 'agreed';
    this.lastDifference = difference;
    return 'differed';
  }
}

/** Two answers to one request, in the order in which they come. */
class Pair implements RequestCopy {
  readonly #both: (original: Answer | undefined, copy: Answer | undefined) => void;
  #original: { readonly answer: Answer | undefined } | undefined;
  #copy: { readonly answer: Answer | undefined } | undefined;

  constructor(both: (original: Answer | undefined, copy: Answer | undefined) => void) {
    this.#both = both;
  }

  original(answer: Answer | undefined): void {
    this.#original ??= { answer };
    this.#end();
  }

  copied(answer: Answer | undefined): void {
    this.#copy = { answer };
    this.#end();
  }

  #end(): void {
    if (this.#original === undefined || this.#copy === undefined) return;
    this.#both(this.#original.answer, this.#copy.answer);
  }
}
