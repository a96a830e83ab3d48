import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { Event } from '../../base/event.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { Caller, RequestFacts } from '../../serving/admission/request-facts.ts';
import { cutRequest, SplitRequest } from '../../serving/admission/split-request.ts';
import type { Entry } from '../../work/entry.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { RequestPath } from './request-path.ts';
import type { Cached, Reuse } from './reuse.ts';
import type { Arrived } from './version-spec.ts';

/** What stands behind the reception. */
export interface PipelineVersion {
  readonly path: RequestPath;
  readonly reuse: Reuse;
  readonly loaded: LoadedVersion | undefined;
  readonly cacheHit: Event<RequestFacts>;
  whyNot(): Refusal | undefined;
  admit(arrived: Arrived, onSettled: OnSettled): Entry | Refusal;
  cancel(entry: Entry): void;
}

type OnSettled = (outcome: Answer | Refusal) => void;

/**
 * What is done with the contents of a request before it is admitted, and with those of its answer. From here on only
 * its size, lane and deadline are looked at: a replay has no more.
 */
export class RequestPipeline {
  readonly #version: PipelineVersion;

  constructor(version: PipelineVersion) {
    this.#version = version;
  }

  submit(
    request: InferenceRequest,
    onSettled: OnSettled,
    caller: Caller,
  ): Entry | SplitRequest | Refusal | Cached {
    const { path, reuse, loaded } = this.#version;
    const described = path.describe(request, caller);
    if (isRefusal(described)) return described;
    const isDenied = path.quarantine.denied.has(described.request);
    const isSuspect = !isDenied && path.quarantine.suspects.has(described.request);
    const { trueLength } = described;
    const padding = trueLength === undefined ? undefined : loaded?.padding;
    const contentKey = isDenied || isSuspect ? undefined : reuse.contentKeyOf(described);
    const isLarge = described.rows > path.maxBatchSize && path.maxBatchSize > 1;
    if (padding === undefined && contentKey === undefined && !isLarge) {
      return this.#version.admit({ facts: described, isDenied, isSuspect }, onSettled);
    }
    const cached = this.#find(contentKey);
    if (cached !== undefined) {
      this.#version.cacheHit.emit(described);
      return { cached };
    }
    const finish: OnSettled = (outcome) => {
      if (isRefusal(outcome)) {
        onSettled(outcome);
        return;
      }
      const answer = padding === undefined ? outcome : padding.cut(outcome, trueLength ?? 0);
      if (contentKey !== undefined) reuse.keep(contentKey, answer);
      onSettled(answer);
    };
    if (isLarge && !isDenied) return this.#split(described, finish);
    const facts = contentKey === undefined ? described : { ...described, contentKey };
    return this.#version.admit({ facts, isDenied, isSuspect }, finish);
  }

  /** Rows are independent here: the request is cut into batches, each an entry of its own. */
  #split(facts: RequestFacts, onSettled: OnSettled): SplitRequest | Refusal {
    const { path } = this.#version;
    const refusal = path.refusalOf(facts);
    if (refusal !== undefined) return refusal;
    const parts = cutRequest(facts.request, facts.rows, path.maxBatchSize);
    const rowsOf = ({ inputs }: InferenceRequest) => inputs[0]?.shape[0] ?? 1;
    const split = new SplitRequest(parts.map(rowsOf), onSettled);
    for (const [index, request] of parts.entries()) {
      const isDenied = path.quarantine.denied.has(request);
      const isSuspect = !isDenied && path.quarantine.suspects.has(request);
      const bytes = request.inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
      const part = { ...facts, request, rows: rowsOf(request), bytes };
      const entry = this.#version.admit({ facts: part, isDenied, isSuspect }, (outcome) =>
        split.settled(index, outcome),
      );
      const whyNot = isRefusal(entry) ? entry : split.refusal;
      if (!isRefusal(entry)) split.parts.push(entry);
      if (whyNot !== undefined) {
        for (const admitted of split.parts) this.#version.cancel(admitted);
        return whyNot;
      }
    }
    return split;
  }

  #find(contentKey: string | undefined): Answer | undefined {
    if (contentKey === undefined || this.#version.whyNot() !== undefined) return undefined;
    return this.#version.reuse.find(contentKey);
  }
}
