import { isPanic } from '../../balancing/eligible.ts';
import type { AlertSettings } from '../../config/operation-settings.ts';
import type { ReplicaStatus } from '../../fleet/lifecycle/replica-slot.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { FIVE_MINUTES_MS, type VersionWatch } from '../../fleet/version/version-watch.ts';
import type { AlertSeverity } from './alerts.ts';

const MAX_QUARANTINED_AN_HOUR = 3;
const MAX_EJECTIONS_AN_HOUR = 3;
const MAX_SHED_SHARE = 0.01;
const ENOUGH_REQUESTS = 100;
/** Below this share of busy time of the replicas nothing is late now. */
const BUSY_SHARE = 0.05;
/** Batches that are slower or faster than in warmup by more than this factor make warmup's measurements obsolete. */
const MAX_DRIFT = 1.3;

const RESTART = 'POST /admin/models/{model}/versions/{version}/replicas/{index}/restart';

/** Inputs of a rule; `now` is monotonic, in ms. */
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
  /** The alert in one sentence; undefined while the rule is not met. */
  readonly summary: (facts: AlertFacts) => string | undefined;
  /** How long the rule must be met without a break before it alerts, in ms; default 0. */
  readonly lastsMs?: (settings: AlertSettings) => number;
  /** What the operator does, in one line. */
  readonly runbook: string;
}

/** All alert rules. */
export const ALERT_TABLE: readonly AlertRule[] = [
  {
    name: 'NoReadyReplica',
    severity: 'page',
    summary: ({ version, settings }) =>
      version.health.conditions.hasFit || version.isAsleep
        ? undefined
        : `no replica of ${version.name} has been ready for ${Math.round(settings.noReplicaAfterMs / 1000)} s`,
    lastsMs: ({ noReplicaAfterMs }) => noReplicaAfterMs,
    runbook: 'GET /admin/models shows the state of each replica, GET /admin/decisions shows the reasons',
  },
  {
    name: 'ReplicaGivenUp',
    severity: 'page',
    summary: ({ replicas }) => reasonsOf(replicas.filter(({ state }) => state === 'failed')),
    runbook: `fix the model or its settings, then restart the replica: ${RESTART}`,
  },
  {
    name: 'ModelFileReplaced',
    severity: 'ticket',
    summary: ({ version }) => version.fileChange,
    runbook:
      'restore the old file, add the new file as another version, or send SIGHUP to the server to serve the new file',
  },
  {
    name: 'Panic',
    severity: 'page',
    summary: ({ version: { path, supervisor } }) =>
      isPanic({ all: path.roster.views(), wanted: supervisor.wanted })
        ? 'fewer than half of the replicas are usable: ejected replicas receive requests again'
        : undefined,
    lastsMs: ({ panicAfterMs }) => panicAfterMs,
    runbook: 'look for a common cause: a dependency, an input, the machine',
  },
  {
    name: 'GoldenMismatch',
    severity: 'page',
    summary: ({ version, replicas }) => {
      const wrong = replicas.filter(({ replica }) =>
        version.health.conditions.conditionsOf(replica).some(({ cause }) => cause === 'golden'),
      ).length;
      return wrong < 2 ? undefined : `${wrong} replicas return other values for the golden input than before`;
    },
    runbook: 'the model file or the machine has changed: compare the model file with the deployed one',
  },
  {
    name: 'NotFiniteAnswers',
    severity: 'ticket',
    summary: ({ version, watch, now }) =>
      now - watch.notFiniteAt < FIVE_MINUTES_MS
        ? `${version.name} now returns NaN or infinity, which it never did before`
        : undefined,
    runbook:
      'inspect the inputs; set outputs.finite to nan or all to fail such rows instead of returning them',
  },
  {
    name: 'PoisonInputs',
    severity: 'page',
    summary: ({ watch, now }) => {
      const quarantined = watch.quarantined.count(now);
      return quarantined > MAX_QUARANTINED_AN_HOUR
        ? `${quarantined} inputs that end replicas were quarantined within the last hour`
        : undefined;
    },
    runbook: 'find the sender: GET /admin/decisions?kind=quarantine lists the requests',
  },
  {
    name: 'PoisonInput',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const quarantined = watch.quarantined.count(now);
      return quarantined > 0 && quarantined <= MAX_QUARANTINED_AN_HOUR
        ? 'an input that ends replicas was quarantined and is refused'
        : undefined;
    },
    runbook: 'GET /admin/decisions?kind=quarantine names the request',
  },
  {
    name: 'LateErrors',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const times = watch.lateErrors.count(now);
      return times > 0
        ? `errors outside the model's answers ended ${times} replica process(es) within the last hour; last: ${watch.lastLateError}`
        : undefined;
    },
    runbook:
      'fix the model: await everything that predict starts, catch what timers throw; GET /admin/decisions?kind=late%20error shows the stacks',
  },
  {
    name: 'ReplicaRestarted',
    severity: 'ticket',
    summary: ({ watch, now }) => (watch.restarts.count(now) > 0 ? watch.lastEnd : undefined),
    runbook: 'read the log lines of the replica before the restart',
  },
  {
    name: 'Ejections',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const ejections = watch.ejections.count(now);
      return ejections > MAX_EJECTIONS_AN_HOUR
        ? `replicas were ejected ${ejections} times within the last hour`
        : undefined;
    },
    runbook: 'GET /admin/decisions?kind=ejection shows the reasons',
  },
  {
    name: 'ReplicaDegraded',
    severity: 'ticket',
    summary: ({ replicas, now, settings }) =>
      reasonsOf(
        replicas.filter(({ state, since }) => state === 'degraded' && now - since > settings.degradedAfterMs),
      ),
    runbook: `if the replica does not recover, restart it: ${RESTART}`,
  },
  {
    name: 'Shedding',
    severity: 'ticket',
    summary: ({ watch, now }) => {
      const shed = watch.shed.count(now);
      const all = shed + watch.requests.count(now);
      const share = shed / Math.max(1, all);
      return share > MAX_SHED_SHARE && all > ENOUGH_REQUESTS
        ? `${(100 * share).toFixed(1)} % of requests were refused within the last five minutes`
        : undefined;
    },
    runbook: 'add replicas, allow larger batches, or reduce the traffic',
  },
  {
    name: 'RetryBudgetExhausted',
    severity: 'ticket',
    summary: ({ watch, now }) =>
      watch.budgetExhausted.count(now) > 0
        ? 'bad answers were returned without a second try on another replica: too many second tries were running'
        : undefined,
    runbook: 'find the cause of the bad answers; health.retries limits the second tries',
  },
  {
    name: 'MemoryGrows',
    severity: 'ticket',
    summary: ({ watch: { growth, growthAt }, now }) =>
      growth !== undefined && now - growthAt < FIVE_MINUTES_MS
        ? `${growth.replica} will reach its memory limit in ${Math.round(growth.inMs / 60_000)} minutes`
        : undefined,
    runbook: 'the model leaks memory: fix it; until then the replica is replaced at the limit',
  },
  {
    name: 'ProbePutOff',
    severity: 'ticket',
    summary: ({ version, replicas }) => {
      const busy = replicas.filter(({ replica }) => version.health.prober.hasBeenPutOff(replica));
      return busy.length === 0
        ? undefined
        : `health checks deferred ${version.spec.settings.health.readiness.maxDeferrals} times because the replica is busy: ${busy.map(({ replica }) => replica).join(', ')}`;
    },
    runbook: 'batches take longer than health.readiness.periodMs: allow smaller batches, or raise it',
  },
  {
    name: 'ServiceTimeDrifted',
    severity: 'ticket',
    summary: ({ version }) => {
      const drift = version.path.roster.service.latest.usualDrift;
      return drift > MAX_DRIFT || drift < 1 / MAX_DRIFT
        ? `batches of ${version.name} take ${drift.toFixed(2)} times as long as in warmup`
        : undefined;
    },
    runbook:
      'another program uses the machine, or the inputs have changed; the server keeps measuring and adapts its plans',
  },
  {
    name: 'MarginAtLimit',
    severity: 'ticket',
    lastsMs: () => 60_000,
    summary: ({ version, now }) => {
      const { margin, roster } = version.path;
      if (margin?.isAtLimit !== true || roster.busyShare(now) < BUSY_SHARE) return undefined;
      const { lateShare, allowedShare, ms } = margin;
      const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
      return (
        `${percent(lateShare)} of the answers of ${version.name} are late, ${percent(allowedShare)} may be, and plans already ` +
        `leave ${Math.round(ms)} ms free: a larger margin would only cost answers`
      );
    },
    runbook:
      'something delays answers that no plan can avoid: other load on the machine, pauses of the process, or clients that ' +
      'open too many connections; give the server more cores, or raise objective.latencyMs',
  },
  {
    name: 'DependencyDown',
    severity: 'page',
    summary: ({ version }) => version.dependencies.problem,
    runbook: 'restore the dependency: the model is not ready until then',
  },
];

function reasonsOf(replicas: readonly ReplicaStatus[]): string | undefined {
  return replicas.length === 0
    ? undefined
    : replicas.map(({ replica, reason }) => `${replica}: ${reason}`).join('; ');
}
