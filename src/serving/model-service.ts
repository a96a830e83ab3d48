import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse, ServingError } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import { checkInputs, countRows } from '../model/check-inputs.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { Entry, type EntryOwner } from '../work/entry.ts';
import { type LaneKey, laneKeys } from '../work/lane.ts';
import type { Deadlines } from './deadlines.ts';
import type { Recovery } from './recovery.ts';
import type { RequestQueue } from './request-queue.ts';

/** What a service must know of the version it serves. */
export interface ServedVersion {
  readonly model: string;
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
  /** Largest batch; it may shrink when warmup finds that rows depend on their neighbours. */
  readonly maxBatchSize: () => number;
  readonly timeoutMs: number;
}

/** What admission needs to know of a request: everything but the data. */
export interface RequestFacts {
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  /** undefined leaves it to the model. */
  readonly timeoutMs: number | undefined;
}

/** A request that has got its answer or refusal. */
export interface RequestSettled {
  readonly entry: Entry;
  readonly outcome: Answer | Refusal;
  readonly settledAt: number;
}

/** The way of a request through one version: admitted, queued, run, settled exactly once. */
export class ModelService implements EntryOwner {
  readonly requestSettled = new Event<RequestSettled>();
  readonly #clock: Clock;
  readonly #version: ServedVersion;
  readonly #queue: RequestQueue;
  readonly #recovery: Recovery;
  readonly #deadlines: Deadlines;
  readonly #wake: () => void;
  readonly #laneOf: (request: InferenceRequest) => LaneKey;
  #admitted = 0;
  #unsettled = 0;

  constructor(
    clock: Clock,
    version: ServedVersion,
    parts: { queue: RequestQueue; recovery: Recovery; deadlines: Deadlines; wake: () => void },
  ) {
    this.#clock = clock;
    this.#version = version;
    this.#queue = parts.queue;
    this.#recovery = parts.recovery;
    this.#deadlines = parts.deadlines;
    this.#wake = parts.wake;
    this.#laneOf = laneKeys(version.metadata, version.hasBatchAxis);
  }

  /** Requests admitted and not yet settled. */
  get inFlight(): number {
    return this.#unsettled;
  }

  /** Checks a request against what the model takes. */
  describe(request: InferenceRequest): RequestFacts | Refusal {
    const { model, metadata, hasBatchAxis } = this.#version;
    try {
      const inputs = checkInputs(model, metadata, request.inputs);
      const ordered = inputs === request.inputs ? request : { ...request, inputs };
      return {
        request: ordered,
        lane: this.#laneOf(ordered),
        rows: countRows(model, hasBatchAxis, inputs),
        bytes: inputs.reduce((sum, input) => sum + input.data.byteLength, 0),
        timeoutMs: request.timeoutMs,
      };
    } catch (caught) {
      return ServingError.from(caught).refusal;
    }
  }

  /** Takes a request in, or says why not. `onSettled` is called once, never before this returns. */
  admit(facts: RequestFacts, onSettled: (outcome: Answer | Refusal) => void): Entry | Refusal {
    const maxBatchSize = this.#version.maxBatchSize();
    if (facts.rows > maxBatchSize) return this.#tooLarge(facts.rows, maxBatchSize);
    const receivedAt = this.#clock.now();
    const deadline = receivedAt + (facts.timeoutMs ?? this.#version.timeoutMs);
    // Field by field: to spread an object here costs more than all the rest of admission.
    const { request, lane, rows, bytes } = facts;
    const id = this.#admitted++;
    const entry = new Entry({ id, request, lane, rows, bytes, receivedAt, deadline }, this, onSettled);
    const refusal = this.#queue.offer(entry);
    if (refusal !== undefined) return refusal;
    this.#unsettled += 1;
    this.#deadlines.add(entry);
    this.#wake();
    return entry;
  }

  /** The caller has gone: what waits leaves, what runs loses its answer. */
  cancel(entry: Entry): void {
    this.#end(entry, refuse('CANCELLED', 'the client went away'));
  }

  /** For the deadline heap. */
  deadlinePassed(entry: Entry): void {
    const waitedMs = Math.round(entry.deadline - entry.receivedAt);
    const isWaiting = entry.dispatchedAt === undefined;
    this.#end(
      entry,
      isWaiting
        ? refuse('DEADLINE_QUEUED', `Request timeout expired: still waiting after ${waitedMs} ms`)
        : refuse('DEADLINE_RUNNING', `Request timeout expired: still running after ${waitedMs} ms`),
    );
  }

  /** For the entry. */
  settled(entry: Entry, outcome: Answer | Refusal): void {
    this.#deadlines.remove(entry);
    this.#unsettled -= 1;
    this.requestSettled.emit({ entry, outcome, settledAt: this.#clock.now() });
  }

  /** The largest batch has shrunk: what waits and no longer fits is answered now, since it would never leave. */
  refuseLarger(maxBatchSize: number): void {
    for (const entry of this.#queue.takeAll()) {
      if (entry.rows > maxBatchSize) entry.settle(this.#tooLarge(entry.rows, maxBatchSize));
      else this.#queue.offer(entry);
    }
  }

  /** Answers everything that still waits with a refusal. */
  refuseWaiting(refusal: Refusal): void {
    for (const entry of [...this.#queue.takeAll(), ...this.#recovery.takeAll()]) entry.settle(refusal);
  }

  #tooLarge(rows: number, maxBatchSize: number): Refusal {
    return refuse(
      'BATCH_TOO_LARGE',
      `inference request batch-size must be <= ${maxBatchSize} for '${this.#version.model}', got ${rows} rows: send several requests`,
    );
  }

  #end(entry: Entry, refusal: Refusal): void {
    if (entry.isSettled) return;
    this.#queue.remove(entry);
    const { running } = entry;
    entry.settle(refusal);
    running?.cancel(entry);
  }
}
