import { Balancer } from '../balancing/balancer.ts';
import { strategyNamed } from '../balancing/strategy-named.ts';
import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import type { Random } from '../base/random.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import { Roster } from '../replica/roster.ts';
import { Deadlines } from '../serving/deadlines.ts';
import { DenyList } from '../serving/deny-list.ts';
import { Dispatcher } from '../serving/dispatcher.ts';
import { ModelService, type RequestFacts, type RequestSettled } from '../serving/model-service.ts';
import { PinnedSource } from '../serving/pinned-source.ts';
import { QueueSource } from '../serving/queue-source.ts';
import { Recovery } from '../serving/recovery.ts';
import { RequestQueue } from '../serving/request-queue.ts';
import type { Entry } from '../work/entry.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { VersionSpec } from './version-spec.ts';

/** What the request path of a version needs beside its settings. */
export interface RequestPathPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Replicas there should be. */
  readonly wanted: () => number;
  /** Why nothing can be run now; undefined when it can. */
  readonly whyNot: () => Refusal | undefined;
}

/** The way of requests through one version, wired: queue, second chances, dispatcher, roster. */
export class RequestPath {
  readonly requestSettled = new Event<RequestSettled>();
  readonly queue: RequestQueue;
  readonly recovery: Recovery;
  readonly dispatcher: Dispatcher;
  readonly denyList: DenyList;
  readonly roster = new Roster();
  readonly pinned = new PinnedSource();
  readonly #spec: VersionSpec;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #service: ModelService | undefined;
  #maxBatchSize = 1;

  constructor(spec: VersionSpec, { clock, random, wanted, whyNot }: RequestPathPorts) {
    const { model, version, settings } = spec;
    const { roster } = this;
    this.#spec = spec;
    this.#clock = clock;
    this.queue = new RequestQueue(settings.queue);
    this.denyList = new DenyList(clock, settings.health.isolation);
    this.#deadlines = new Deadlines(clock, (entry) => this.#service?.deadlinePassed(entry));
    this.recovery = new Recovery({
      ...{ clock, roster, whyNot },
      budget: settings.health.retries,
      inFlight: () => this.inFlight,
      wake: () => this.dispatcher.wake(),
    });
    this.recovery.convicted.on(({ entry }) => this.denyList.add(entry.request));
    const batching = () => ({ maxBatchSize: this.#maxBatchSize, maxWaitMs: settings.batching.maxWaitMs });
    const newRequests = new QueueSource(this.queue, this.#deadlines, batching, this.recovery);
    const sources = [...this.recovery.sources, this.pinned, newRequests];
    const strategy = strategyNamed(settings.balancing.strategy, random.fork(`balancing/${model}/${version}`));
    this.dispatcher = new Dispatcher(clock, roster, new Balancer(strategy), sources, wanted);
  }

  get maxBatchSize(): number {
    return this.#maxBatchSize;
  }

  get inFlight(): number {
    return this.#service?.inFlight ?? 0;
  }

  /** The model is loaded: from now on requests can be described and admitted. */
  open({ metadata, hasBatchAxis, maxBatchSize }: LoadedVersion): void {
    const { model, settings } = this.#spec;
    this.#maxBatchSize = maxBatchSize;
    const version = {
      ...{ model, metadata, hasBatchAxis },
      maxBatchSize: () => this.#maxBatchSize,
      timeoutMs: settings.timeoutMs,
    };
    this.#service = new ModelService(this.#clock, version, {
      queue: this.queue,
      recovery: this.recovery,
      deadlines: this.#deadlines,
      wake: () => this.dispatcher.wake(),
    });
    this.#service.requestSettled.on((settled) => this.requestSettled.emit(settled));
  }

  describe(request: InferenceRequest): RequestFacts | Refusal {
    return this.#service?.describe(request) ?? this.#notLoaded();
  }

  admit(facts: RequestFacts, onSettled: (outcome: Answer | Refusal) => void): Entry | Refusal {
    return this.#service?.admit(facts, onSettled) ?? this.#notLoaded();
  }

  cancel(entry: Entry): void {
    this.#service?.cancel(entry);
  }

  /** From now on no batch is larger; what waits and would no longer fit is answered. */
  refuseLargerThan(rows: number): void {
    this.#maxBatchSize = Math.min(this.#maxBatchSize, rows);
    this.#service?.refuseLarger(this.#maxBatchSize);
  }

  refuseWaiting(refusal: Refusal): void {
    this.#service?.refuseWaiting(refusal);
  }

  stop(): void {
    this.#deadlines.stop();
    this.dispatcher.stop();
  }

  #notLoaded(): Refusal {
    return refuse('MODEL_STARTING', `${this.#spec.model}/${this.#spec.version} is starting`);
  }
}
