import { isPanic } from '../balancing/eligible.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { isRefusal, type Reason } from '../base/errors.ts';
import { SlidingWindow } from '../base/sliding-window.ts';
import type { AlertSettings } from '../config/operation-settings.ts';
import type { Alert, AlertSeverity, Alerts } from './alerts.ts';
import type { MemoryGrows } from './memory-watch.ts';
import type { VersionInService } from './version-in-service.ts';

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;
const MAX_CONVICTIONS_AN_HOUR = 3;
const MAX_EJECTIONS_AN_HOUR = 3;
const MAX_SHED_SHARE = 0.01;
const ENOUGH_REQUESTS = 100;
const SHED: ReadonlySet<Reason> = new Set(['REPLICA_LOST', 'DROPPED_LATE', 'DISPLACED'] as const);
/** Batches that take so many times longer than in practice, or shorter, make plans of old. */
const MAX_DRIFT = 1.3;

/** What has happened to one version lately, as far as alerts go by it. */
class Watch {
  readonly version: VersionInService;
  readonly restarts: SlidingWindow;
  readonly convictions = new SlidingWindow(HOUR_MS);
  readonly ejections = new SlidingWindow(HOUR_MS);
  readonly requests = new SlidingWindow(FIVE_MINUTES_MS);
  readonly shed = new SlidingWindow(FIVE_MINUTES_MS);
  readonly budgetExhausted = new SlidingWindow(FIVE_MINUTES_MS);
  readonly since = new Map<string, number>();
  lastEnd = '';
  growth: MemoryGrows | undefined;
  growthAt = Number.NEGATIVE_INFINITY;

  constructor(version: VersionInService, clock: Clock, restartWindowMs: number) {
    this.version = version;
    this.restarts = new SlidingWindow(restartWindowMs);
    version.supervisor.moved.on(({ replica, to, reason }) => {
      if (to !== 'backoff') return;
      this.restarts.add(clock.now());
      this.lastEnd = `${replica}: ${reason}`;
    });
    version.path.recovery.convicted.on(() => this.convictions.add(clock.now()));
    version.path.recovery.budgetExhausted.on(() => this.budgetExhausted.add(clock.now()));
    version.health.book.ejected.on(() => this.ejections.add(clock.now()));
    version.path.requestSettled.on(({ outcome }) => {
      this.requests.add(clock.now());
      if (isRefusal(outcome) && SHED.has(outcome.reason)) this.shed.add(clock.now());
    });
    version.health.memory.grows.on((growth) => {
      this.growth = growth;
      this.growthAt = clock.now();
    });
  }
}

/** Looks now and then which rules for alerts are met. */
export class AlertRules {
  readonly #clock: Clock;
  readonly #settings: AlertSettings;
  readonly #alerts: Alerts;
  readonly #watches: Watch[] = [];
  #alarm: Timer | undefined;

  constructor(clock: Clock, settings: AlertSettings, alerts: Alerts) {
    this.#clock = clock;
    this.#settings = settings;
    this.#alerts = alerts;
  }

  watch(version: VersionInService): void {
    this.#watches.push(new Watch(version, this.#clock, Math.max(this.#settings.holdMs, 1000)));
  }

  /** It has ended. */
  forget(version: VersionInService): void {
    const index = this.#watches.findIndex((watch) => watch.version === version);
    if (index !== -1) this.#watches.splice(index, 1);
  }

  /** A request was refused before it was admitted. */
  countShed(version: VersionInService | undefined): void {
    this.#watches.find((watch) => watch.version === version)?.shed.add(this.#clock.now());
  }

  start(): void {
    const { everyMs } = this.#settings;
    this.#alarm = this.#clock.at(this.#clock.now() + everyMs, () => {
      this.#alerts.update(this.#watches.flatMap((watch) => this.#met(watch)));
      this.start();
    });
  }

  stop(): void {
    this.#alarm?.cancel();
  }

  #met(watch: Watch): Alert[] {
    const { version } = watch;
    // Whoever leaves, or has not begun, is nobody's trouble.
    if (version.state === 'stopping' || version.state === 'starting' || version.state === 'leaving')
      return [];
    const now = this.#clock.now();
    const { noReplicaAfterMs, panicAfterMs, degradedAfterMs } = this.#settings;
    const { supervisor, path, health } = version;
    const replicas = supervisor.replicas();
    const failed = replicas.filter(({ state }) => state === 'failed');
    const degraded = replicas.filter(
      ({ state, since }) => state === 'degraded' && now - since > degradedAfterMs,
    );
    const wrong = replicas.filter(({ replica }) =>
      health.book.complaintsOf(replica).some(({ cause }) => cause === 'golden'),
    );
    const busy = replicas.filter(({ replica }) => health.prober.hasBeenPutOff(replica));
    const panic = isPanic({ all: path.roster.views(), wanted: supervisor.wanted });
    const noneFit = health.fitCount === 0;
    const convictions = watch.convictions.count(now);
    const restarts = watch.restarts.count(now);
    const ejections = watch.ejections.count(now);
    const shed = watch.shed.count(now);
    const share = shed / Math.max(1, shed + watch.requests.count(now));
    const { growth } = watch;
    const drift = path.roster.service.latest.usualDrift;
    const { problem } = version.dependencies;
    const rule = (isMet: boolean, name: string, severity: AlertSeverity, summary: string, runbook: string) =>
      isMet ? [{ name, severity, model: version.name, summary, runbook }] : [];
    return [
      ...rule(
        this.#isLasting(watch, 'none', noneFit, noReplicaAfterMs),
        'NoReadyReplica',
        'page',
        `no replica of ${version.name} has been ready for ${Math.round(noReplicaAfterMs / 1000)} s`,
        'GET /admin/models says what each replica is at, GET /admin/decisions why',
      ),
      ...rule(
        failed.length > 0,
        'ReplicaGivenUp',
        'page',
        failed.map(({ replica, reason }) => `${replica}: ${reason}`).join('; '),
        'mend the model or its settings, then POST /admin/…/restart',
      ),
      ...rule(
        this.#isLasting(watch, 'panic', panic, panicAfterMs),
        'Panic',
        'page',
        'more than half the replicas are out, and the ejected ones get traffic again',
        'look for what they have in common: a dependency, an input, the machine',
      ),
      ...rule(
        wrong.length >= 2,
        'GoldenMismatch',
        'page',
        `${wrong.length} replicas answer the golden input with other numbers than they used to`,
        'the model file or the machine has changed: compare the file with what was deployed',
      ),
      ...rule(
        convictions > MAX_CONVICTIONS_AN_HOUR,
        'PoisonInputs',
        'page',
        `${convictions} inputs ended replicas within the hour`,
        'the inputs are in the decision log under conviction: find who sends them',
      ),
      ...rule(
        convictions > 0 && convictions <= MAX_CONVICTIONS_AN_HOUR,
        'PoisonInput',
        'ticket',
        'an input that ends replicas was found and is refused',
        'the decision log names the request under conviction',
      ),
      ...rule(
        restarts > 0,
        'ReplicaRestarted',
        'ticket',
        watch.lastEnd,
        'the replica log lines before it say more',
      ),
      ...rule(
        ejections > MAX_EJECTIONS_AN_HOUR,
        'Ejections',
        'ticket',
        `replicas were taken out ${ejections} times within the hour`,
        'the decision log has the reasons under ejection',
      ),
      ...rule(
        degraded.length > 0,
        'ReplicaDegraded',
        'ticket',
        degraded.map(({ replica, reason }) => `${replica}: ${reason}`).join('; '),
        'restart it by POST /admin/…/restart if it does not mend by itself',
      ),
      ...rule(
        share > MAX_SHED_SHARE && shed + watch.requests.count(now) > ENOUGH_REQUESTS,
        'Shedding',
        'ticket',
        `${(100 * share).toFixed(1)} % of requests were refused within five minutes`,
        'more replicas, larger batches, or less traffic',
      ),
      ...rule(
        watch.budgetExhausted.count(now) > 0,
        'RetryBudgetExhausted',
        'ticket',
        'bad answers went out without another replica being asked: too many second tries were under way',
        'find out why so many answers are bad; health.retries says how many tries there may be',
      ),
      ...rule(
        growth !== undefined && now - watch.growthAt < FIVE_MINUTES_MS,
        'MemoryGrows',
        'ticket',
        `${growth?.replica} reaches its memory limit in ${Math.round((growth?.inMs ?? 0) / 60_000)} minutes`,
        'the model leaks; it is replaced at the limit',
      ),
      ...rule(
        busy.length > 0,
        'ProbePutOff',
        'ticket',
        `${busy.map(({ replica }) => replica).join(', ')} was too busy to be checked three times`,
        'batches take longer than health.readiness.periodMs: shorten them or lengthen it',
      ),
      ...rule(
        drift > MAX_DRIFT || drift < 1 / MAX_DRIFT,
        'ServiceTimeDrifted',
        'ticket',
        `batches of ${version.name} take ${drift.toFixed(2)} times what they took in practice`,
        'something else uses the machine, or the inputs have changed; what batches cost is learned anew all the time',
      ),
      ...rule(
        problem !== undefined,
        'DependencyDown',
        'page',
        problem ?? '',
        'bring it back; the model is not ready',
      ),
    ];
  }

  #isLasting(watch: Watch, what: string, isMet: boolean, forMs: number): boolean {
    const now = this.#clock.now();
    if (!isMet) watch.since.delete(what);
    else if (!watch.since.has(what)) watch.since.set(what, now);
    return isMet && now - (watch.since.get(what) ?? now) >= forMs;
  }
}
