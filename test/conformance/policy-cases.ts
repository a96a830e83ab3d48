import { LeastConnections } from '../../src/balancing/least-connections.ts';
import { RoundRobin } from '../../src/balancing/round-robin.ts';
import { slowStartShare } from '../../src/balancing/slow-start.ts';
import type { Strategy } from '../../src/balancing/strategy.ts';
import { Weighted } from '../../src/balancing/weighted.ts';
import { exponentialDelayMs, fullJitterMs } from '../../src/health/backoff.ts';
import {
  afterEjection,
  afterHealthySweep,
  afterResult,
  type EjectionSettings,
  ejectionJitterMs,
  ejectionMs,
  mayEject,
  NO_RECORD,
  successRateOutliers,
} from '../../src/health/ejection-policy.ts';
import { afterCheck, type CheckKind, initialCheck, initialState } from '../../src/health/probe-policy.ts';
import {
  afterFailure,
  countedFailures,
  NO_FAILURES,
  type RestartSettings,
  restartDelayMs,
} from '../../src/health/restart-policy.ts';
import { maxRetries } from '../../src/health/retry-budget.ts';
import type { ReplicaView } from '../../src/replica/roster.ts';
import { runnersOf, type Solver } from './solver-runner.ts';

const S = 1000;

/** The policies, configured with the constants of the case. */
const SOLVERS: Readonly<Record<string, Solver>> = {
  'smooth_wrr.sequence': ({ weights, picks }: { weights: number[]; picks: number }) => ({
    sequence: pickIndexes(
      new Weighted(),
      weights.map((weight) => ({ weight, running: 0 })),
      picks,
    ),
  }),
  'round_robin.sequence': (it: { hosts: number; startOffset?: number; picks: number }) => ({
    sequence: pickIndexes(new RoundRobin(it.startOffset), idleHosts(it.hosts), it.picks),
  }),
  'least_conn.counts': ({
    hosts,
    busy = [],
    requests,
  }: {
    hosts: number;
    busy?: number[];
    requests: number;
  }) => {
    const views = idleHosts(hosts).map((view, index) => ({ ...view, running: busy[index] ?? 0 }));
    const picked = pickIndexes(new LeastConnections(), views, requests);
    return { counts: views.map((_, index) => picked.filter((each) => each === index).length) };
  },
  'slow_start.factor': (it: { ageS: number; windowS: number; aggression: number; minFraction: number }) => ({
    factor: slowStartShare(
      { windowMs: it.windowS * S, aggression: it.aggression, minShare: it.minFraction },
      it.ageS * S,
    ),
  }),
  'outlier.success_rate_threshold': (it: { successRates: number[]; stdevFactor: number }) => {
    const { mean, threshold, outliers } = successRateOutliers(it.successRates, it.stdevFactor);
    return { mean, threshold, ejected: outliers };
  },
  'outlier.consecutive_5xx': ({ threshold, results }: { threshold: number; results: boolean[] }) => {
    let record = NO_RECORD;
    const ejectedAt = results.findIndex((succeeded) => {
      const after = afterResult(ejection({ consecutiveFailures: threshold }), record, succeeded);
      record = after.record;
      return after.ejects;
    });
    return { ejectedAt: ejectedAt === -1 ? null : ejectedAt };
  },
  'outlier.unejection_time': ({ baseEjectionS, sweepsMs }: { baseEjectionS: number; sweepsMs: number[] }) => {
    const settings = ejection({ baseMs: baseEjectionS * S });
    const lastsMs = ejectionMs(settings, afterEjection(settings, NO_RECORD));
    return { ejectedAfter: sweepsMs.map((now) => now < lastsMs) };
  },
  'outlier.max_ejection_percent': (it: {
    hosts: number;
    maxEjectionPercent: number;
    alwaysAllowOne: boolean;
  }) => {
    const settings = ejection({ maxPercent: it.maxEjectionPercent, alwaysAllowOne: it.alwaysAllowOne });
    const ejected: number[] = [];
    for (let host = 0; host < it.hosts; host++) {
      if (mayEject(settings, it.hosts, ejected.length)) ejected.push(host);
    }
    return { ejected };
  },
  'outlier.ejection_time_growth': ejectionTimeGrowth,
  'outlier.ejection_time_cap': ({ baseS, maxS, n }: { baseS: number; maxS: number; n: number[] }) => {
    const settings = ejection({ baseMs: baseS * S, maxMs: maxS * S });
    const durationS = (times: number) => {
      let record = NO_RECORD;
      for (let time = 0; time < times; time++) record = afterEjection(settings, record);
      return ejectionMs(settings, record) / S;
    };
    return { durationsS: n.map(durationS) };
  },
  'outlier.ejection_jitter': ({ maxJitterMs, draw }: { maxJitterMs: number; draw: number }) => ({
    jitterMs: ejectionJitterMs(maxJitterMs, draw),
  }),
  'retry_budget.concurrency': (it: {
    activePlusPending: number[];
    budgetPercent: number;
    minConcurrency: number;
  }) => ({
    maxRetries: it.activePlusPending.map((requests) =>
      maxRetries({ percent: it.budgetPercent, minConcurrency: it.minConcurrency }, requests),
    ),
  }),
  'backoff.full_jitter': ({
    baseMs,
    maxMs,
    draw,
    n,
  }: {
    baseMs: number;
    maxMs: number;
    draw: number;
    n: number;
  }) => ({
    delaysMs: counted(n, (attempt) =>
      fullJitterMs(exponentialDelayMs({ initialMs: baseMs, factor: 2, maxMs }, attempt), draw),
    ),
  }),
  'backoff.exponential': (it: { initialMs: number; factor: number; maxMs: number; n: number }) => ({
    delaysMs: counted(it.n, (attempt) => exponentialDelayMs(it, attempt)),
  }),
  'backoff.crash_loop': ({
    initialS,
    maxS,
    failures,
  }: {
    initialS: number;
    maxS: number;
    failures: number;
  }) => ({
    delaysS: counted(failures, (before) => restartDelayMs(restarts(initialS, maxS), before + 1) / S),
  }),
  'backoff.crash_loop_timeline': crashLoopTimeline,
  'probe.threshold': (it: {
    initial: 'S' | 'F';
    successThreshold: number;
    failureThreshold: number;
    results: string;
  }) => {
    let record = initialCheck(it.initial === 'S' ? 'success' : 'failure');
    const state = [...it.results].map((result) => {
      record = afterCheck(it, record, result === 'S');
      return record.state === 'success' ? 'S' : 'F';
    });
    return { state };
  },
  'probe.initial_result': ({ kinds }: { kinds: CheckKind[] }) => ({ result: kinds.map(initialState) }),
  'probe.startup': (it: { successThreshold: number; failureThreshold: number; results: string }) => {
    let record = initialCheck(initialState('startup'));
    const state = [...it.results].map((result) => {
      // Evaluated once per incarnation.
      if (record.state === 'unknown') record = afterCheck(it, record, result === 'S');
      return record.state;
    });
    return { state };
  },
};

/** One runner per kind. */
export const POLICY_RUNNERS = runnersOf(SOLVERS);

function ejectionTimeGrowth({
  baseS,
  sweepS,
  ejectedAtS,
}: {
  baseS: number;
  sweepS: number;
  ejectedAtS: number[];
}) {
  const settings = ejection({ baseMs: baseS * S });
  let record = NO_RECORD;
  let outUntilS: number | undefined;
  let sweptS = 0;
  const durationsS = ejectedAtS.map((atS) => {
    for (; sweptS + sweepS <= atS; sweptS += sweepS) {
      if (outUntilS === undefined) record = afterHealthySweep(record);
      else if (sweptS + sweepS >= outUntilS) outUntilS = undefined;
    }
    record = afterEjection(settings, record);
    const lastsS = ejectionMs(settings, record) / S;
    outUntilS = atS + lastsS;
    return lastsS;
  });
  return { durationsS };
}

type Tick = readonly [tick: number, isInBackoff: boolean, delayS: number];

/** Runs only the ticks that the case lists. */
function crashLoopTimeline(
  it: { initialS: number; maxS: number; resetAfterQuietS: number },
  { ticks }: { ticks: readonly Tick[] },
) {
  const settings = { ...restarts(it.initialS, it.maxS), resetAfter: { quietMs: it.resetAfterQuietS * S } };
  let history = NO_FAILURES;
  const at = ([tick]: Tick): Tick => {
    const now = tick * S;
    const failures = countedFailures(settings, history, now);
    const delayMs = restartDelayMs(settings, failures + 1);
    const isInBackoff = failures > 0 && now - history.lastFailureAt < delayMs;
    if (!isInBackoff) history = afterFailure(settings, history, now);
    return [tick, isInBackoff, delayMs / S];
  };
  return { ticks: ticks.map(at) };
}

function restarts(initialS: number, maxS: number): RestartSettings {
  return {
    initialDelayMs: initialS * S,
    maxDelayMs: maxS * S,
    maxFailures: Number.POSITIVE_INFINITY,
    maxExits: Number.POSITIVE_INFINITY,
    windowMs: 0,
    resetAfter: { quietMs: Number.POSITIVE_INFINITY },
  };
}

function ejection(some: Partial<EjectionSettings>): EjectionSettings {
  return {
    consecutiveFailures: 5,
    baseMs: 30 * S,
    maxMs: 300 * S,
    maxPercent: 10,
    alwaysAllowOne: true,
    ...some,
  };
}

function idleHosts(count: number): { weight: number; running: number }[] {
  return counted(count, () => ({ weight: 1, running: 0 }));
}

function pickIndexes(
  strategy: Strategy,
  hosts: readonly { weight: number; running: number }[],
  picks: number,
): number[] {
  const views = hosts.map((host, index) => ({ ...host, index, id: String(index) }) as ReplicaView);
  return counted(picks, () => strategy.pick(views, { rows: 1, lane: '' }).index);
}

function counted<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
