import { Balancer } from '../../balancing/balancer.ts';
import { makeStrategy } from '../../balancing/make-strategy.ts';
import type { Clock } from '../../base/clock.ts';
import type { Refusal } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { Margin, NO_MARGIN } from '../../batching/margin.ts';
import type { BatchPlan } from '../../batching/slo-policy.ts';
import { Roster } from '../../replica/roster.ts';
import { AdmissionController } from '../../serving/admission/admission-controller.ts';
import { ModelService } from '../../serving/admission/model-service.ts';
import type { AdmissionTerms } from '../../serving/admission/request-facts.ts';
import { WaitEstimator } from '../../serving/admission/wait-estimator.ts';
import { Dispatcher } from '../../serving/dispatch/dispatcher.ts';
import { PinnedSource } from '../../serving/dispatch/pinned-source.ts';
import { PunctualityWatch } from '../../serving/dispatch/punctuality-watch.ts';
import { QueueSource } from '../../serving/dispatch/queue-source.ts';
import { Deadlines } from '../../serving/queue/deadlines.ts';
import { RequestQueue } from '../../serving/queue/request-queue.ts';
import { TransportTime } from '../../serving/queue/transport-time.ts';
import { WaitLimit } from '../../serving/queue/wait-limit.ts';
import { Quarantine } from '../../serving/recovery/quarantine.ts';
import { Recovery } from '../../serving/recovery/recovery.ts';
import type { Entry } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import { priorityNamed } from '../../work/priority.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import { type MakePolicy, makeBatching } from './make-batching.ts';
import type { VersionSpec } from './version-spec.ts';
import { WarmupFindings } from './warmup-findings.ts';

/** Dependencies of a request path beside the settings. */
export interface RequestPathPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly comparator: AnswerComparator;
  /** Number of replicas that should run. */
  readonly wanted: () => number;
  /** Whether requests wait for a first replica: its start takes longer than objectives. */
  readonly isWaking: () => boolean;
  /** Why no work can run now; undefined when it can. */
  readonly whyNot: () => Refusal | undefined;
  /** A policy other than the one in the settings, for comparisons. */
  readonly makePolicy?: MakePolicy | undefined;
}

/** The request path of one version: admission, queue, recovery, dispatcher. It needs only the settings. */
export class RequestPath {
  readonly roster = new Roster();
  readonly pinned = new PinnedSource();
  readonly findings: WarmupFindings;
  readonly queue: RequestQueue;
  readonly quarantine: Quarantine;
  readonly recovery: Recovery;
  readonly transport: TransportTime;
  /** undefined where no objective is kept. */
  readonly margin: Margin | undefined;
  /** Plans the batches of a lane; undefined where two numbers are set, or nothing is known yet. */
  readonly planOf: (lane: LaneKey) => BatchPlan | undefined;
  readonly waitEstimator: WaitEstimator;
  readonly dispatcher: Dispatcher;
  readonly admission: AdmissionController;
  readonly service: ModelService;
  readonly #deadlines: Deadlines;
  readonly #waitLimit: WaitLimit | undefined;

  constructor(spec: VersionSpec, ports: RequestPathPorts) {
    const { model, version, settings } = spec;
    const { clock, random, comparator, wanted, isWaking, whyNot, makePolicy } = ports;
    const { roster } = this;
    const wake = () => this.dispatcher.wake();
    const maxBatchSize = () => this.findings.maxBatchSize;
    const { objective, batching } = settings;
    this.margin = objective && batching.maxWaitMs === undefined ? new Margin(objective) : undefined;
    this.findings = new WarmupFindings(settings, roster, this.margin);
    this.queue = new RequestQueue(settings.queue);
    this.quarantine = new Quarantine(clock, settings.health.isolation);
    this.#deadlines = new Deadlines(clock, (entry) => this.service.deadlinePassed(entry));
    const { timeoutMs: longestWaitMs } = settings.queue;
    if (longestWaitMs !== undefined) {
      this.#waitLimit = new WaitLimit(clock, longestWaitMs, (entry, refusal) =>
        this.service.waitedTooLong(entry, refusal),
      );
    }
    const waitLimit = this.#waitLimit;
    const { queue, quarantine } = this;
    const deadlines = this.#deadlines;
    const isDenied = ({ request }: Entry) => comparator.isListed(quarantine.denied, request);
    this.recovery = new Recovery({
      ...{ clock, roster, whyNot, isDenied, quarantine, wake },
      mayTakeItsTime: settings.health.watchdogMs === undefined,
      budget: settings.health.retries,
      inFlight: () => this.service.inFlight,
    });
    this.transport = new TransportTime(
      settings.objective ? settings.objective.latencyMs / 4 : Number.POSITIVE_INFINITY,
    );
    const { recovery, transport } = this;
    const { margin = NO_MARGIN } = this;
    const { policy, planOf } = makeBatching(settings, {
      ...{ maxBatchSize, roster, transport, margin, makePolicy },
    });
    this.planOf = planOf;
    const shedShare = () => this.admission.shedShare;
    const watch = this.margin && new PunctualityWatch(clock, this.margin, { planOf, transport });
    this.waitEstimator = new WaitEstimator({ queue, roster, transport, margin, planOf });
    const terms = termsOf(spec);
    this.admission = new AdmissionController(clock, terms, {
      ...{ queue, waitEstimator: this.waitEstimator },
      random: random.fork(`retry-after/${model}/${version}`),
    });
    const controller = this.admission;
    this.service = new ModelService(clock, terms, {
      ...{ queue, controller, recovery, deadlines, waitLimit, isWaking, wake },
    });
    const { service } = this;
    const newRequests = new QueueSource({
      ...{ queue, deadlines, policy, roster, transport, maxBatchSize, margin },
      owner: recovery,
      badShare: (now) => recovery.badShare(now),
      shedShare,
      drop: (entries) => service.drop(entries),
    });
    const strategy = makeStrategy(settings.balancing.strategy, random.fork(`balancing/${model}/${version}`));
    // Order of sources: retries of admitted requests, then checks and warmup runs, then new requests.
    const sources = [...recovery.sources, this.pinned, newRequests];
    this.dispatcher = new Dispatcher({
      ...{ clock, roster, balancer: new Balancer(strategy), sources },
      version: { wanted, isRowwise: () => this.findings.isRowwise },
    });
    recovery.losses.quarantined.on(({ entry }) => {
      quarantine.deny(entry);
      service.refuseLike(entry, isDenied);
    });
    this.dispatcher.batchEnded.on((ended) => {
      const { outcome, runsAtOnce, sentAt, endedAt } = ended;
      if (outcome.kind === 'done' && runsAtOnce) transport.observe(endedAt - sentAt - outcome.computeMs);
      watch?.batchEnded(ended);
    });
  }

  stop(): void {
    this.#deadlines.stop();
    this.#waitLimit?.stop();
    this.dispatcher.stop();
  }
}

function termsOf({ model, settings }: VersionSpec): AdmissionTerms {
  const { queue, batching, objective, timeoutMs, priority, singleFlight } = settings;
  return {
    ...{ model, timeoutMs, isSingleFlight: singleFlight },
    maxRows: Math.min(queue.maxRequestRows ?? queue.maxRows, queue.maxRows),
    priority: priorityNamed(priority),
    // Two explicit numbers are used as they are: no request is refused because of an objective then.
    objectiveMs: batching.maxWaitMs === undefined ? objective?.latencyMs : undefined,
  };
}
