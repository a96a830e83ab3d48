import { Balancer } from '../balancing/balancer.ts';
import { strategyNamed } from '../balancing/strategy-named.ts';
import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import type { Answer, InferenceRequest } from '../model/inference.ts';
import { hasBatchAxis, type ModelMetadata } from '../model/model-metadata.ts';
import type { ReplicaId } from '../replica/replica.ts';
import { Roster } from '../replica/roster.ts';
import { Deadlines } from '../serving/deadlines.ts';
import { Dispatcher } from '../serving/dispatcher.ts';
import { ModelService, type RequestSettled } from '../serving/model-service.ts';
import { PinnedSource } from '../serving/pinned-source.ts';
import { QueueSource } from '../serving/queue-source.ts';
import { RequestQueue } from '../serving/request-queue.ts';
import { RetrySource } from '../serving/retry-source.ts';
import type { Entry } from '../work/entry.ts';
import type { ReplicaStatus } from './place.ts';
import { batchingWarning, sampleProblem } from './settings-fit.ts';
import { Supervisor } from './supervisor.ts';
import type { VersionPorts, VersionSpec, VersionState } from './version-spec.ts';
import { Warmer, type WarmupReport } from './warmer.ts';

/** Rows in a batch where the settings do not say: what most models that gain from batching gain most of it by. */
const DEFAULT_MAX_BATCH_SIZE = 32;

/** One version of a model, wired: queue, dispatcher, replicas, warmup. It is the unit of load and unload. */
export class VersionInService {
  readonly spec: VersionSpec;
  readonly name: string;
  readonly requestSettled = new Event<RequestSettled>();
  readonly stateChanged = new Event<VersionState>();
  readonly warmed = new Event<WarmupReport>();
  readonly supervisor: Supervisor;
  readonly dispatcher: Dispatcher;
  readonly queue: RequestQueue;
  readonly roster = new Roster();
  readonly #clock: Clock;
  readonly #retries = new RetrySource();
  readonly #deadlines: Deadlines;
  readonly #warmer: Warmer;
  readonly #reports = new Map<ReplicaId, WarmupReport>();
  #service: ModelService | undefined;
  #metadata: ModelMetadata | undefined;
  #hasBatchAxis = false;
  #maxBatchSize = 1;
  /** The replica that runs, or has run, every batch size; another one does when it is lost on the way. */
  #fullProfileBy: ReplicaId | undefined;
  #state: VersionState = 'starting';
  #failure = '';

  constructor(spec: VersionSpec, ports: VersionPorts) {
    const { settings } = spec;
    this.spec = spec;
    this.name = `${spec.model}/${spec.version}`;
    this.#clock = ports.clock;
    this.queue = new RequestQueue(settings.queue);
    this.#deadlines = new Deadlines(ports.clock, (entry) => this.#service?.deadlinePassed(entry));
    const pinned = new PinnedSource();
    const batching = () => ({ maxBatchSize: this.#maxBatchSize, maxWaitMs: settings.batching.maxWaitMs });
    const queueSource = new QueueSource(this.queue, this.#deadlines, batching, (lost) => this.#onLost(lost));
    const strategy = strategyNamed(settings.balancing.strategy, ports.random.fork(`balancing/${this.name}`));
    const sources = [this.#retries, pinned, queueSource];
    this.dispatcher = new Dispatcher(ports.clock, this.roster, new Balancer(strategy), sources);
    const wake = () => this.dispatcher.wake();
    const random = ports.random.fork(`warmup/${this.name}`);
    this.#warmer = new Warmer({ clock: ports.clock, random, pinned, wake }, settings.warmup, spec.ownSample);
    this.supervisor = new Supervisor(this.name, settings.health, settings.balancing.weights ?? [], {
      clock: ports.clock,
      random: ports.random.fork(`restarts/${this.name}`),
      spawner: ports.spawner,
      roster: this.roster,
      wake,
      warm: (id, metadata, ready, failed) => this.#warm(id, metadata, ready, failed),
    });
    this.supervisor.loaded.on((metadata) => this.#onLoaded(metadata));
    this.supervisor.gaveUp.on((message) => this.#onGaveUp(message));
    this.supervisor.moved.on(({ replica, to }) => {
      if (to === 'ready') this.#goTo('ready');
      else if (replica === this.#fullProfileBy && !this.#reports.has(replica) && to === 'backoff')
        this.#fullProfileBy = undefined;
      if (to === 'backoff' || to === 'stopped' || to === 'failed') pinned.drop(replica);
    });
  }

  get state(): VersionState {
    return this.#state;
  }

  /** Why it is not serving; empty while it is. */
  get failure(): string {
    return this.#state === 'failed' ? this.#failure : '';
  }

  /** undefined until a replica has loaded the model. */
  get metadata(): ModelMetadata | undefined {
    return this.#metadata;
  }

  get hasBatchAxis(): boolean {
    return this.#hasBatchAxis;
  }

  get maxBatchSize(): number {
    return this.#maxBatchSize;
  }

  get inFlight(): number {
    return this.#service?.inFlight ?? 0;
  }

  /** What the settings ask for and the model does not allow; told once it is loaded. */
  get warning(): string | undefined {
    return this.#metadata && batchingWarning(this.spec.settings, this.#hasBatchAxis);
  }

  get isReady(): boolean {
    return this.#state === 'ready' && this.roster.readyCount() > 0;
  }

  start(): void {
    this.supervisor.want(this.spec.settings.replicas);
  }

  /** Ends all replicas. What is still in flight after `kill` is answered with a refusal. */
  stop(how: 'drain' | 'kill'): void {
    this.#goTo('stopping');
    this.supervisor.stop(how);
    if (how === 'kill') this.#service?.refuseWaiting(refuse('DRAINING', 'the server is shutting down'));
    this.#deadlines.stop();
    this.dispatcher.stop();
  }

  submit(request: InferenceRequest, onSettled: (outcome: Answer | Refusal) => void): Entry | Refusal {
    const refusal = this.whyNot();
    if (refusal !== undefined) return refusal;
    const service = this.#service as ModelService;
    return service.submit(request, onSettled);
  }

  cancel(entry: Entry): void {
    this.#service?.cancel(entry);
  }

  /** Why no request can be taken now; undefined when it can. While a replica restarts, requests wait for it. */
  whyNot(): Refusal | undefined {
    switch (this.#state) {
      case 'ready':
        return undefined;
      case 'starting':
        return refuse(
          'MODEL_STARTING',
          `'${this.spec.model}' version ${this.spec.version} is not at ready state: it is starting`,
        );
      case 'failed':
        return refuse(
          'MODEL_FAILED',
          `'${this.spec.model}' version ${this.spec.version} is not at ready state: ${this.#failure}`,
        );
      case 'stopping':
        return refuse('DRAINING', `'${this.spec.model}' version ${this.spec.version} is being stopped`);
    }
  }

  /** From now on no batch is larger; what waits and would no longer fit is answered. */
  refuseLargerThan(rows: number): void {
    this.#maxBatchSize = Math.min(this.#maxBatchSize, rows);
    this.#service?.refuseLarger(this.#maxBatchSize);
  }

  replicas(): readonly (ReplicaStatus & { readonly warmup: WarmupReport | undefined })[] {
    return this.supervisor
      .replicas()
      .map((status) => ({ ...status, warmup: this.#reports.get(status.replica) }));
  }

  #onLoaded(metadata: ModelMetadata): void {
    if (this.#service !== undefined) return;
    const { model, settings } = this.spec;
    this.#metadata = metadata;
    this.#hasBatchAxis = settings.batchAxis !== 'none' && hasBatchAxis(metadata);
    const wanted = settings.batching.maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE;
    this.#maxBatchSize = this.#hasBatchAxis ? Math.min(wanted, settings.queue.maxRows) : 1;
    const version = {
      model,
      metadata,
      hasBatchAxis: this.#hasBatchAxis,
      maxBatchSize: () => this.#maxBatchSize,
      timeoutMs: settings.timeoutMs,
    };
    this.#service = new ModelService(this.#clock, version, {
      queue: this.queue,
      retries: this.#retries,
      deadlines: this.#deadlines,
      wake: () => this.dispatcher.wake(),
    });
    this.#service.requestSettled.on((settled) => this.requestSettled.emit(settled));
  }

  #warm(id: ReplicaId, metadata: ModelMetadata, ready: () => void, failed: (why: string) => void): void {
    const wrong = sampleProblem(metadata, this.#hasBatchAxis, this.spec.ownSample);
    if (wrong !== undefined) {
      failed(wrong);
      return;
    }
    const profile = this.#fullProfileBy === undefined ? 'full' : 'short';
    this.#fullProfileBy ??= id;
    const target = {
      id,
      metadata,
      hasBatchAxis: this.#hasBatchAxis,
      maxBatchSize: this.#maxBatchSize,
      profile,
    } as const;
    this.#warmer.warm(target, (result) => {
      if (result.kind === 'failed') {
        failed(result.message);
        return;
      }
      this.#reports.set(id, result.report);
      if (result.report.rowsAreIndependent === false) this.refuseLargerThan(1);
      this.warmed.emit(result.report);
      ready();
    });
  }

  /** Those whose replica was lost try again, unless there will be none. */
  #onLost(members: readonly Entry[]): void {
    const refusal = this.whyNot();
    if (refusal === undefined) this.#retries.add(members);
    else for (const member of members) member.settle(refusal);
  }

  /** One replica that cannot be had does not end the version while others serve. */
  #onGaveUp(message: string): void {
    const others = this.supervisor.replicas().some(({ state }) => state !== 'failed' && state !== 'stopped');
    if (others && this.#state === 'ready') return;
    this.#failure = message;
    this.#goTo('failed');
    this.#service?.refuseWaiting(refuse('MODEL_FAILED', message));
  }

  #goTo(state: VersionState): void {
    if (this.#state === state || this.#state === 'stopping') return;
    this.#state = state;
    this.stateChanged.emit(state);
  }
}
