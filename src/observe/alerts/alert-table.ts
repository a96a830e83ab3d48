import { isPanic } from '../../balancing/eligible.ts';
import type { AlertSettings } from '../../config/operation-settings.ts';
import type { ReplicaStatus } from '../../fleet/lifecycle/replica-slot.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { FIVE_MINUTES_MS, type VersionWatch } from '../../fleet/version/version-watch.ts';
import type { AlertSeverity } from './alerts.ts';

const MAX_CONVICTIONS_AN_HOUR = 3;
const MAX_EJECTIONS_AN_HOUR = 3;
const MAX_SHED_SHARE = 0.01;
const ENOUGH_REQUESTS = 100;
/** Batches that take so many times longer than in warmup, or shorter, make plans of old. */
const MAX_DRIFT = 1.3;

/** What a rule goes by. */
export interface AlertFacts {
  readonly watch: VersionWatch;
  readonly version: VersionInService;
  readonly now: number;
  readonly settings: AlertSettings;
  readonly replicas: readonly ReplicaStatus[];
}

/** One kind of alert. */
export interface AlertRule {
  readonly name: string;
  readonly severity: AlertSeverity;
  /** What is the matter, in a sentence; undefined while nothing is. */
  readonly summary: (facts: AlertFacts) => string | undefined;
  /** For how long it must have been so; default: not at all. */
  readonly lastsMs?: (settings: AlertSettings) => number;
  /** What to do about it, in a line. */
  readonly runbook: string;
}

/** Everything that is alerted on. */
export const ALERT_TABLE: readonly AlertRule[] = [
  {
    name: 'NoReadyReplica',
    severity: 'page',
    summary: ({ version, settings }) =>
      version.health.fitCount > 0
        ? undefined
        : `no replica of ${version.name} has been ready for ${Math.round(settings.noReplicaAfterMs / 1000)} s`,
    lastsMs: ({ noReplicaAfterMs }) => noReplicaAfterMs,
    runbook: 'GET /admin/models says what each replica is at, GET /admin/decisions why',
  },
  {
    name: 'ReplicaGivenUp',
    severity: 'page',
    summary: ({ replicas }) => reasonsOf(replicas.filter(({ state }) => state === 'failed')),
    runbook: 'mend the model or its settings, then POST /admin/…/restart',
  },
  {
    name: 'ModelFileReplaced',
    severity: 'ticket',
    summary: ({ version }) => version.fileChange,
    runbook:
      'put the file back, serve the new one as another version, or reload the server (SIGHUP) to serve it',
  },
  {
    name: 'Panic',
    severity: 'page',
    summary: ({ version: { path, supervisor } }) =>
      isPanic({ all: path.roster.views(), wanted: supervisor.wanted })
        ? 'more than half the replicas are out, and the ejected ones get traffic again'
        : undefined,
    lastsMs: ({ panicAfterMs }) => panicAfterMs,
    runbook: 'look for what they have in common: a dependency, an input, the machine',
  },
  {
    name: 'GoldenMismatch',
    severity: 'page',
    summary: ({ version, replicas }) => {
      const wrong = replicas.filter(({ replica }) =>
        version.health.conditions.conditionsOf(replica).some(({ cause }) => cause === 'golden'),
      ).length;
      return wrong < 2
        ? undefined
        : `${wrong} replicas answer the golden input with other numbers than they used to`;
    },
    runbook: 'the model file or the machine has changed: compare the file with what was deployed',
  },
  {
    name: 'NotFiniteAnswers',
    severity: 'ticket',
    summary: ({ version, watch, now }) =>
      now - watch.notFiniteAt < FIVE_MINUTES_MS
        ? `${version.name} has begun to answer with NaN or infinities, which it never did before`
        : undefined,
    runbook: 'look at what is sent; outputs.finite: nan or all fails such rows instead of answering them',
  },
  {
    name: 'PoisonInputs',
    severity: 'page',
    summary: ({ watch, now }) => {
      const quarantined = watch.quarantined.count(now);
      return quarantined > MAX_CONVICTIONS_AN_HOUR
        ? `${quarantined} inputs ended replicas within the hour`
        : undefined;
    },
    runbook: 'the inputs are in the decision log under the kind quarantine: find who sends them',
  },
  {
    name: 'PoisonInput',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const quarantined = watch.quarantined.count(now);
      return quarantined > 0 && quarantined <= MAX_CONVICTIONS_AN_HOUR
        ? 'an input that ends replicas was found and is refused'
        : undefined;
    },
    runbook: 'the decision log names the request under the kind quarantine',
  },
  {
    name: 'LateErrors',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const times = watch.lateErrors.count(now);
      return times > 0
        ? `errors outside of the model's answers ended replicas ${times} times within the hour, the last: ${watch.lastLateError}`
        : undefined;
    },
    runbook:
      'mend the model: the decision log has the stack under late error; await what predict begins, catch what timers throw',
  },
  {
    name: 'ReplicaRestarted',
    severity: 'ticket',
    summary: ({ watch, now }) => (watch.restarts.count(now) > 0 ? watch.lastEnd : undefined),
    runbook: 'the replica log lines before it say more',
  },
  {
    name: 'Ejections',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const ejections = watch.ejections.count(now);
      return ejections > MAX_EJECTIONS_AN_HOUR
        ? `replicas were taken out ${ejections} times within the hour`
        : undefined;
    },
    runbook: 'the decision log has the reasons under ejection',
  },
  {
    name: 'ReplicaDegraded',
    severity: 'ticket',
    summary: ({ replicas, now, settings }) =>
      reasonsOf(
        replicas.filter(({ state, since }) => state === 'degraded' && now - since > settings.degradedAfterMs),
      ),
    runbook: 'restart it by POST /admin/…/restart if it does not mend by itself',
  },
  {
    name: 'Shedding',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const shed = watch.shed.count(now);
      const all = shed + watch.requests.count(now);
      const share = shed / Math.max(1, all);
      return share > MAX_SHED_SHARE && all > ENOUGH_REQUESTS
        ? `${(100 * share).toFixed(1)} % of requests were refused within five minutes`
        : undefined;
    },
    runbook: 'more replicas, larger batches, or less traffic',
  },
  {
    name: 'RetryBudgetExhausted',
    severity: 'ticket',
    summary: ({ watch, now }) =>
      watch.budgetExhausted.count(now) > 0
        ? 'bad answers went out without another replica being asked: too many second tries were under way'
        : undefined,
    runbook: 'find out why so many answers are bad; health.retries says how many tries there may be',
  },
  {
    name: 'MemoryGrows',
    severity: 'ticket',
    summary: ({ watch: { growth, growthAt }, now }) =>
      growth !== undefined && now - growthAt < FIVE_MINUTES_MS
        ? `${growth.replica} reaches its memory limit in ${Math.round(growth.inMs / 60_000)} minutes`
        : undefined,
    runbook: 'the model leaks; it is replaced at the limit',
  },
  {
    name: 'ProbePutOff',
    severity: 'ticket',
    summary: ({ version, replicas }) => {
      const busy = replicas.filter(({ replica }) => version.health.prober.hasBeenPutOff(replica));
      return busy.length === 0
        ? undefined
        : `${busy.map(({ replica }) => replica).join(', ')} was too busy to be checked three times`;
    },
    runbook: 'batches take longer than health.readiness.periodMs: shorten them or lengthen it',
  },
  {
    name: 'ServiceTimeDrifted',
    severity: 'ticket',
    summary: ({ version }) => {
      const drift = version.path.roster.service.latest.usualDrift;
      return drift > MAX_DRIFT || drift < 1 / MAX_DRIFT
        ? `batches of ${version.name} take ${drift.toFixed(2)} times what they took in warmup`
        : undefined;
    },
    runbook:
      'something else uses the machine, or the inputs have changed; what batches cost is learned anew all the time',
  },
  {
    name: 'DependencyDown',
    severity: 'page',
    summary: ({ version }) => version.dependencies.problem,
    runbook: 'bring it back; the model is not ready',
  },
];

function reasonsOf(replicas: readonly ReplicaStatus[]): string | undefined {
  return replicas.length === 0
    ? undefined
    : replicas.map(({ replica, reason }) => `${replica}: ${reason}`).join('; ');
}
