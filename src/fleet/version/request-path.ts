import { Balancer } from '../../balancing/balancer.ts';
import { makeStrategy } from '../../balancing/make-strategy.ts';
import type { Clock } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { BatchPlan } from '../../batching/slo-policy.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import { Roster } from '../../replica/roster.ts';
import { ModelService, type RequestSettled, type TurnedAway } from '../../serving/admission/model-service.ts';
import type { Caller, RequestFacts } from '../../serving/admission/request-facts.ts';
import { WaitEstimator } from '../../serving/admission/wait-estimator.ts';
import { Dispatcher } from '../../serving/dispatch/dispatcher.ts';
import { PinnedSource } from '../../serving/dispatch/pinned-source.ts';
import { QueueSource } from '../../serving/dispatch/queue-source.ts';
import { Deadlines } from '../../serving/queue/deadlines.ts';
import { RequestQueue } from '../../serving/queue/request-queue.ts';
import { TransportTime } from '../../serving/queue/transport-time.ts';
import { Quarantine } from '../../serving/recovery/quarantine.ts';
import { Recovery } from '../../serving/recovery/recovery.ts';
import type { Entry } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import { priorityNamed } from '../../work/priority.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import type { LoadedVersion } from './loaded-version.ts';
import { type MakePolicy, makeBatching } from './make-batching.ts';
import type { Arrived, VersionSpec } from './version-spec.ts';
import { WarmupFindings } from './warmup-findings.ts';

/** What the request path of a version needs beside its settings. */
export interface RequestPathPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly comparator: AnswerComparator;
  /** Replicas there should be. */
  readonly wanted: () => number;
  /** Why nothing can be run now; undefined when it can. */
  readonly whyNot: () => Refusal | undefined;
  /** Batches by another policy than the settings name: for comparing them. */
  readonly makePolicy?: MakePolicy | undefined;
}

/** The way of requests through one version, wired: queue, second chances, dispatcher, roster. */
export class RequestPath {
  readonly requestSettled = new Event<RequestSettled>();
  readonly queue: RequestQueue;
  readonly recovery: Recovery;
  readonly dispatcher: Dispatcher;
  readonly quarantine: Quarantine;
  readonly transport: TransportTime;
  readonly waitEstimator: WaitEstimator;
  /** How batches of a lane are planned; undefined where two numbers say it all, or nothing is known yet. */
  readonly planOf: (lane: LaneKey) => BatchPlan | undefined;
  readonly roster = new Roster();
  readonly pinned = new PinnedSource();
  readonly findings: WarmupFindings;
  readonly joined = new Event<Entry>();
  readonly turnedAway = new Event<TurnedAway>();
  readonly #spec: VersionSpec;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #service: ModelService | undefined;

  constructor(
    spec: VersionSpec,
    { clock, random, comparator, wanted, whyNot, makePolicy }: RequestPathPorts,
  ) {
    const { model, version, settings } = spec;
    const { roster } = this;
    this.#spec = spec;
    this.findings = new WarmupFindings(settings, roster);
    this.#clock = clock;
    this.#random = random.fork(`retry-after/${model}/${version}`);
    this.queue = new RequestQueue(settings.queue);
    this.quarantine = new Quarantine(clock, settings.health.isolation);
    const isDenied = ({ request }: Entry) => comparator.isListed(this.quarantine.denied, request);
    this.#deadlines = new Deadlines(clock, (entry) => this.#service?.deadlinePassed(entry));
    this.recovery = new Recovery({
      ...{ clock, roster, whyNot, isDenied, quarantine: this.quarantine },
      mayTakeItsTime: settings.health.watchdogMs === undefined,
      budget: settings.health.retries,
      inFlight: () => this.inFlight,
      wake: () => this.dispatcher.wake(),
    });
    this.recovery.losses.quarantined.on(({ entry }) => {
      this.quarantine.deny(entry);
      this.#service?.refuseLike(entry, isDenied);
    });
    const maxBatchSize = () => this.findings.maxBatchSize;
    this.transport = new TransportTime(
      settings.objective ? settings.objective.latencyMs / 4 : Number.POSITIVE_INFINITY,
    );
    const { policy, planOf } = makeBatching(settings, {
      maxBatchSize,
      roster,
      transport: this.transport,
      makePolicy,
    });
    this.planOf = planOf;
    this.waitEstimator = new WaitEstimator({ queue: this.queue, roster, transport: this.transport, planOf });
    const newRequests = new QueueSource({
      ...{ policy, roster, maxBatchSize },
      queue: this.queue,
      deadlines: this.#deadlines,
      transport: this.transport,
      owner: this.recovery,
      badShare: (now) => this.recovery.badShare(now),
      shedShare: () => this.shedShare,
      drop: (entries) => this.#service?.drop(entries),
    });
    const sources = [...this.recovery.sources, this.pinned, newRequests];
    const strategy = makeStrategy(settings.balancing.strategy, random.fork(`balancing/${model}/${version}`));
    this.dispatcher = new Dispatcher(clock, roster, new Balancer(strategy), sources, {
      wanted,
      isRowwise: () => this.findings.isRowwise,
    });
    this.dispatcher.batchEnded.on(({ outcome, runsAtOnce, sentAt, endedAt }) => {
      if (outcome.kind === 'done' && runsAtOnce) this.transport.observe(endedAt - sentAt - outcome.computeMs);
    });
  }

  get maxBatchSize(): number {
    return this.findings.maxBatchSize;
  }

  /** Share of the last requests that were refused or dropped for want of time. */
  get shedShare(): number {
    return this.#service?.shedShare ?? 0;
  }

  get inFlight(): number {
    return this.#service?.inFlight ?? 0;
  }

  /** The model is loaded: from now on requests can be described and admitted. */
  open(loaded: LoadedVersion): void {
    const { metadata, hasBatchAxis } = loaded;
    const { model, settings } = this.#spec;
    const version = {
      ...{ model, metadata, hasBatchAxis },
      maxRows: this.#maxRequestRows,
      timeoutMs: settings.timeoutMs,
      priority: priorityNamed(settings.priority),
      // Two explicit numbers are kept exactly: nobody is refused for an objective then.
      objectiveMs: settings.batching.maxWaitMs === undefined ? settings.objective?.latencyMs : undefined,
      isSingleFlight: settings.singleFlight,
      padding: loaded.padding,
    };
    this.#service = new ModelService(this.#clock, version, {
      queue: this.queue,
      recovery: this.recovery,
      deadlines: this.#deadlines,
      waitEstimator: this.waitEstimator,
      random: this.#random,
      wake: () => this.dispatcher.wake(),
    });
    this.#service.joined.on((entry) => this.joined.emit(entry));
    this.#service.turnedAway.on((away) => this.turnedAway.emit(away));
    this.#service.requestSettled.on((settled) => this.requestSettled.emit(settled));
  }

  describe(request: InferenceRequest, caller: Caller): RequestFacts | Refusal {
    return this.#service?.describe(request, caller) ?? this.#notLoaded();
  }

  get #maxRequestRows(): number {
    const { maxRows, maxRequestRows = maxRows } = this.#spec.settings.queue;
    return Math.min(maxRequestRows, maxRows);
  }

  /** Why a request of this size is never taken in; undefined when it may be. */
  refusalOf({ rows }: RequestFacts): Refusal | undefined {
    return rows > this.#maxRequestRows ? this.#service?.tooLarge(rows) : undefined;
  }

  admit({ facts, isSuspect }: Arrived, onSettled: (outcome: Answer | Refusal) => void): Entry | Refusal {
    return this.#service?.admit(facts, onSettled, isSuspect) ?? this.#notLoaded();
  }

  cancel(entry: Entry): void {
    this.#service?.cancel(entry);
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
