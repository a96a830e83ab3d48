import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Placement } from '../../replica/placement.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Admitted, OnSettled, Submission } from '../../serving/admission/admission-stage.ts';
import { ANONYMOUS, type Caller, type RequestFacts } from '../../serving/admission/request-facts.ts';
import { ResponseCache } from '../../serving/admission/response-cache.ts';
import { SplitRequest } from '../../serving/admission/split-request.ts';
import type { Entry } from '../../work/entry.ts';
import { NO_SPAWN_QUEUE } from '../lifecycle/spawn-queue.ts';
import { Supervisor } from '../lifecycle/supervisor.ts';
import { COMPARATOR } from '../monitor/answer-comparator.ts';
import { VersionHealth } from '../monitor/version-health.ts';
import { DependencyWatch } from './dependency-watch.ts';
import { Doorway } from './doorway.ts';
import { Entrance } from './entrance.ts';
import type { LoadedVersion } from './loaded-version.ts';
import { Loading } from './loading.ts';
import { operate, type ReplicaAction } from './operate.ts';
import { RequestPath } from './request-path.ts';
import { type Command, placementsOf, type VersionPorts, type VersionSpec } from './version-spec.ts';
import { mayFollow, refusalIn, type VersionPhase, type VersionState } from './version-state.ts';
import { WarmupDirector } from './warmup-director.ts';

/** What ends the warmup of a replica. */
const ENDS_WARMUP: ReadonlySet<string> = new Set(['backoff', 'stopped', 'failed', 'draining']);

/** One version of a model: request path, replicas, warmup, health. It is the unit of load and unload. */
export class VersionInService {
  readonly spec: VersionSpec;
  readonly name: string;
  /** External commands that do not come through a port; emitted before they take effect. */
  readonly arrived = new Event<Submission>();
  readonly cancelled = new Event<Entry>();
  /** A request was answered before it reached the queue. */
  readonly cacheHit = new Event<RequestFacts>();
  readonly commanded = new Event<Command>();

  readonly stateChanged = new Event<VersionState>();
  readonly path: RequestPath;
  readonly supervisor: Supervisor;
  readonly health: VersionHealth;
  readonly warmups: WarmupDirector;
  readonly dependencies: DependencyWatch;
  readonly cache: ResponseCache | undefined;
  readonly doorway: Doorway;
  inFlightCalls = 0;
  readonly #loading: Loading;
  /** undefined until a replica has loaded the model. */
  #entrance: Entrance | undefined;
  #phase: VersionPhase = { kind: 'starting' };

  constructor(spec: VersionSpec, ports: VersionPorts) {
    const { settings } = spec;
    const { clock, random, comparator = COMPARATOR, spawnQueue = NO_SPAWN_QUEUE } = ports;
    this.spec = spec;
    this.name = `${spec.model}/${spec.version}`;
    this.path = new RequestPath(spec, {
      ...{ clock, random, comparator },
      wanted: () => this.supervisor.wanted,
      isWaking: () => this.supervisor.isWaking,
      whyNot: () => this.whyNot(),
      makePolicy: ports.makePolicy,
    });
    this.cache = settings.cache.enabled ? new ResponseCache(clock, settings.cache) : undefined;
    this.doorway = new Doorway(settings, this.path);
    const { roster, pinned, dispatcher, recovery } = this.path;
    const wake = () => dispatcher.wake();
    this.warmups = new WarmupDirector({ clock, comparator, pinned, wake }, settings.warmup);
    this.#loading = new Loading(spec, {
      ...{ random, comparator, path: this.path, warmups: this.warmups },
      isStarting: () => this.state === 'starting',
      opened: (loaded) => this.#open(loaded),
    });
    this.supervisor = new Supervisor(this.name, settings, {
      ...{ clock, roster, wake, spawnQueue },
      random: random.fork(`restarts/${this.name}`),
      spawner: ports.spawner,
      isOnTrial: (exit) => this.path.quarantine.isOnTrial(exit),
      whyUnfit: (metadata, placement) => this.#loading.whyUnfit(metadata, placement),
      warm: (id, ready, failed) => this.#loading.warm(id, ready, failed),
    });
    const { supervisor } = this;
    this.path.quarantine.tried.on((result) => supervisor.tried(result));
    this.health = new VersionHealth(settings.health, {
      ...{ clock, roster, pinned, dispatcher, recovery, supervisor },
      random: random.fork(`probes/${this.name}`),
      golden: () => this.loaded?.golden,
      tellsHealth: () => this.loaded?.metadata.tellsHealth === true,
    });
    this.dependencies = new DependencyWatch(clock, ports.dependencies ?? { check() {} }, settings.health);
    supervisor.lifecycle.gaveUp.on((message) => this.#onGaveUp(message));
    supervisor.lifecycle.moved.on(({ replica, to }) => {
      if (to === 'ready') this.#goTo({ kind: 'ready' });
      else if (ENDS_WARMUP.has(to)) this.warmups.lost(replica);
    });
  }

  get state(): VersionState {
    return this.#phase.kind;
  }

  /** Why it does not serve; empty while it does. */
  get failure(): string {
    return this.#phase.kind === 'failed' ? this.#phase.reason : '';
  }

  /** undefined until a replica has loaded the model. */
  get loaded(): LoadedVersion | undefined {
    return this.#loading.loaded;
  }

  /** The inputs and outputs for callers; undefined until a replica has loaded the model. */
  get metadata(): ModelMetadata | undefined {
    return this.loaded?.callersMetadata;
  }

  get hasBatchAxis(): boolean {
    return this.loaded?.hasBatchAxis ?? false;
  }

  /** Settings that the model does not allow; undefined until it is loaded. */
  get warning(): string | undefined {
    return this.#loading.warning;
  }

  /** How its file changed since it is served; undefined when it did not. */
  get fileChange(): string | undefined {
    return this.#loading.fileChange;
  }

  get isReady(): boolean {
    return this.whyNotReady === undefined;
  }

  /** Why it should get no traffic now; undefined when it should. */
  get whyNotReady(): string | undefined {
    if (this.state !== 'ready') return this.state;
    if (!this.health.conditions.hasFit && !this.isAsleep) return 'without a ready replica';
    return this.dependencies.problem;
  }

  /** Whether it has no ready replica on purpose: the next request starts one, or has done so and waits for it. */
  get isAsleep(): boolean {
    return this.state === 'ready' && this.supervisor.isWaking;
  }

  /** Whether no caller waits for a request in it. */
  get isIdle(): boolean {
    return this.inFlightCalls === 0 && this.path.service.inFlight === 0;
  }

  start(): void {
    this.commanded.emit({ kind: 'start' });
    this.health.start();
    this.dependencies.start();
    this.supervisor.want(placementsOf(this.spec.settings));
  }

  /** Changes which replicas are wanted. */
  scale(placements: readonly Placement[]): void {
    this.commanded.emit({ kind: 'scale', placements });
    this.supervisor.want(placements);
  }

  /** New requests go to another version; requests that are already admitted are still served. */
  leave(): void {
    this.commanded.emit({ kind: 'leave' });
    this.#goTo({ kind: 'draining' });
  }

  /** Ends all replicas. What is still in flight after `kill` is answered with a refusal. */
  stop(how: 'drain' | 'kill'): void {
    this.commanded.emit({ kind: how });
    this.#goTo({ kind: 'stopping' });
    this.supervisor.stop(how);
    if (how === 'kill') this.path.service.refuseWaiting(refuse('DRAINING', 'the server is shutting down'));
    this.path.stop();
    this.health.stop();
    this.dependencies.stop();
  }

  /** Applies an operator's action to a replica; a returned text says why it is not possible. */
  operate(action: ReplicaAction, replica: ReplicaId): string | undefined {
    this.commanded.emit({ kind: 'replica', action, replica });
    return operate(this.supervisor, this.health.conditions, action, replica);
  }

  /**
   * Admits a request, answers it from the cache, or returns the refusal. `onSettled` is called once when it was admitted,
   * never before this returns.
   */
  submit(request: InferenceRequest, onSettled: OnSettled, caller: Caller = ANONYMOUS): Admitted {
    const whyNot = this.whyNot();
    if (whyNot !== undefined) return whyNot;
    if (this.#entrance === undefined) return refuse('MODEL_STARTING', `${this.name} is starting`);
    return this.#entrance.submit(request, onSettled, caller);
  }

  /** As `submit`, for a request whose contents are already known. */
  admit(submission: Submission, onSettled: OnSettled): Entry | Refusal {
    this.arrived.emit(submission);
    const refusal = this.whyNot();
    if (refusal !== undefined) return refusal;
    if (!submission.isDenied) {
      return this.path.service.admit(submission.facts, onSettled, submission.isSuspect);
    }
    return refuse('DENIED_INPUT', 'this input has ended replicas and is refused for health.isolation.denyMs');
  }

  /** The caller has disconnected or does not need an answer any more. */
  cancel(request: Entry | SplitRequest): void {
    for (const entry of request instanceof SplitRequest ? request.parts : [request]) {
      if (entry.isSettled) continue;
      this.cancelled.emit(entry);
      this.path.service.cancel(entry);
    }
  }

  /** Why no request can be admitted now; undefined when it can. While a replica restarts, requests wait for it. */
  whyNot(): Refusal | undefined {
    return refusalIn(this.#phase, this.name);
  }

  #open(loaded: LoadedVersion): void {
    this.dependencies.models = loaded.metadata.uses ?? [];
    this.#entrance = new Entrance({
      ...{ loaded, path: this.path, cache: this.cache, cacheHit: this.cacheHit },
      settings: this.spec.settings,
      core: { enter: (submission, onSettled) => this.admit(submission, onSettled) },
    });
  }

  /** One replica that has failed does not end the version while others serve. */
  #onGaveUp(message: string): void {
    const others = this.supervisor.replicas().some(({ state }) => state !== 'failed' && state !== 'stopped');
    if (others && (this.state === 'ready' || this.state === 'draining')) return;
    this.#goTo({ kind: 'failed', reason: message });
    this.path.service.refuseWaiting(refuse('MODEL_FAILED', message));
  }

  #goTo(phase: VersionPhase): void {
    if (!mayFollow(this.#phase, phase)) return;
    const hasMoved = this.#phase.kind !== phase.kind;
    this.#phase = phase;
    if (hasMoved) this.stateChanged.emit(phase.kind);
  }
}
