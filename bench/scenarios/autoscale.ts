import { RealClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { runLoadJob } from '../../src/load/load-job.ts';
import type { LoadReport } from '../../src/load/load-report.ts';
import { until } from '../../test/support/until.ts';
import type { Scenario, ScenarioResult } from '../scenario.ts';
import { binaryRequest, type Contender, Workbench } from '../workbench.ts';

/** What one replica answers per second: a batch of one row takes 5 ms and the time of its transport. */
const CAPACITY = 180;
const OBJECTIVE_MS = 2_000;
const ANSWERED_WITHIN_MS = 100;
const STEADY_MS = 300_000;

/** How long each part lasts. */
export interface AutoscaleTimes {
  readonly steadyMs: number;
  readonly stepMs: number;
}

/** The reaction of autoscaling on real processes. */
export interface AutoscaleFigures {
  /** From the step to the first replica that is ready. */
  readonly firstReadyMs: number;
  /** Share of the requests from three seconds after the step on that are answered within 100 ms. */
  readonly inTimeAfter3s: number;
  readonly replicas: number;
  /** Requests of all parts without an answer. */
  readonly failed: number;
  readonly eventsUnderConstantLoad: number;
  /** Changes while the load is low again, until the minimum is reached. */
  readonly downs: number;
}

/** A step from a tenth to three times what one replica can do, the way back, and constant load. */
export const autoscale: Scenario = async (say) => {
  const figures = await measureAutoscale(say, { steadyMs: STEADY_MS, stepMs: 10_000 });
  const { firstReadyMs, inTimeAfter3s, failed, eventsUnderConstantLoad } = figures;
  const isMet =
    firstReadyMs <= 1_000 && inTimeAfter3s >= 0.99 && failed === 0 && eventsUnderConstantLoad === 0;
  const also: ScenarioResult['also'] = { ...figures };
  return {
    ...{ ratio: firstReadyMs / 1_000, pairs: [], isMet, also },
    aim: '<= 1 s from the step to the first new replica, 99 % within 100 ms after 3 s, 0 failed, 0 changes under constant load',
  };
};

/** Runs the parts and returns what was measured. */
export async function measureAutoscale(
  say: (line: string) => void,
  { steadyMs, stepMs }: AutoscaleTimes,
): Promise<AutoscaleFigures> {
  const bench = new Workbench([]);
  try {
    const server = await bench.galley('waiting', SETTINGS, { machine: { overcommit: 2 } });
    let failed = 0;
    const load = async (share: number, durationMs: number): Promise<LoadReport> => {
      const report = await openLoopHere(server, share * CAPACITY, durationMs);
      failed += report.requests - report.succeeded;
      say(
        `${share} x for ${durationMs} ms: p99 ${report.latencyMs.p99.toFixed(1)} ms, ${report.requests - report.succeeded} failed`,
      );
      return report;
    };
    await load(0.6, Math.min(steadyMs, 10_000));
    const before = (await changesOf(server)).length;
    await load(0.6, steadyMs);
    const eventsUnderConstantLoad = (await changesOf(server)).length - before;
    await load(0.1, 5_000);
    const steppedAt = Date.now();
    await load(3, 3_000);
    const after = await load(3, stepMs);
    const readyAt = (await readyTimes(server)).find((at) => at > steppedAt) ?? Number.POSITIVE_INFINITY;
    const replicas = (await scalingOf(server)).replicas;
    const changed = (await changesOf(server)).length;
    let isBack = false;
    const back = until(
      'the minimum is reached',
      async () => (await scalingOf(server)).replicas === 1,
      120_000,
    ).finally(() => {
      isBack = true;
    });
    while (!isBack) await load(0.1, 2_000);
    await back;
    return {
      firstReadyMs: readyAt - steppedAt,
      inTimeAfter3s: after.inTime / after.requests,
      ...{ replicas, failed, eventsUnderConstantLoad },
      downs: (await changesOf(server)).length - changed,
    };
  } finally {
    await bench.close();
  }
}

const SETTINGS = {
  objective: { latencyMs: OBJECTIVE_MS },
  batching: { maxBatchSize: 1 },
  autoscaling: { minReplicas: 1, maxReplicas: 4, downWindowMs: 10_000, downEveryMs: 2_000 },
};

/** In this process, so that the moment of its first request is known. */
async function openLoopHere(
  { port }: Contender,
  ratePerSecond: number,
  durationMs: number,
): Promise<LoadReport> {
  const env = {
    ...{ clock: new RealClock(), now: () => performance.now(), random: seededRandom(String(ratePerSecond)) },
    cpuMicros: () => process.cpuUsage().user + process.cpuUsage().system,
  };
  return runLoadJob(
    {
      ...{ target: { host: '127.0.0.1', port }, requests: [binaryRequest('waiting', [1, 4])] },
      schedule: { kind: 'open', ratePerSecond },
      ...{ warmupMs: 0, durationMs, timeoutMs: 10_000, maxConnections: 1_000 },
      ...{ keepsFirstAnswer: false, withinMs: ANSWERED_WITHIN_MS, isFrugal: true },
    },
    env,
  );
}

interface Decision {
  readonly time: string;
  readonly facts: { readonly to: string | number };
}

async function decisionsOf({ port }: Contender, kind: string): Promise<readonly Decision[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/admin/decisions?kind=${kind}&limit=1000`);
  return ((await answer.json()) as { decisions: readonly Decision[] }).decisions;
}

async function changesOf(server: Contender): Promise<readonly Decision[]> {
  return decisionsOf(server, 'scaling');
}

/** When replicas became ready, in ms of the wall clock. */
async function readyTimes(server: Contender): Promise<readonly number[]> {
  const moves = await decisionsOf(server, 'replica');
  return moves.filter(({ facts }) => facts.to === 'ready').map(({ time }) => Date.parse(time));
}

async function scalingOf({ port }: Contender): Promise<{ readonly replicas: number }> {
  const answer = await fetch(`http://127.0.0.1:${port}/admin/models/waiting`);
  const { versions } = (await answer.json()) as { versions: { scaling: { replicas: number } }[] };
  return versions[0]?.scaling ?? { replicas: 0 };
}
