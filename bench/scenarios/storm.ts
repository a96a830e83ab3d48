import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf } from '../../test/support/processes.ts';
import { until } from '../../test/support/until.ts';
import { atMost, type Scenario } from '../scenario.ts';
import { adminView, binaryRequest, closedLoop, openLoop, Workbench } from '../workbench.ts';

const STORM_MS = 60_000;
const KILL_EVERY_MS = 2_000;
const QUIET_MS = 10_000;
const LOAD = 0.4;
/** Largest ratio of p99 during the kills to p99 without kills. */
const FACTOR = 4;

/**
 * `kill -9` of a random one of three replicas every two seconds, at 40 % of the capacity of one replica. The ratio is the
 * p99 during the kills over the allowed p99: four times that without kills, or the time of a start if that is longer.
 */
export const storm: Scenario = async (say) => {
  const bench = new Workbench(['millisecond']);
  try {
    const one = await bench.galley('millisecond', { replicas: 1, batching: { maxBatchSize: 1 } });
    const request = binaryRequest('millisecond', [1, 784]);
    const { ratePerSecond: capacity } = await closedLoop(one, request, 8, 3_000);
    await one.stop();
    const rate = LOAD * capacity;
    const server = await bench.galley('millisecond', { replicas: 3, batching: { maxBatchSize: 1 } });
    const quiet = await openLoop(server, request, rate, { durationMs: QUIET_MS });
    say(`quiet: ${rate.toFixed(0)} requests/s, p99 ${quiet.latencyMs.p99.toFixed(2)} ms`);

    let kills = 0;
    const startMs: number[] = [];
    const storming = openLoop(server, request, rate, { durationMs: STORM_MS });
    const endsAt = performance.now() + STORM_MS;
    while (performance.now() < endsAt) {
      await pause(KILL_EVERY_MS);
      const victims = childrenOf(server.pid as number);
      const victim = victims[Math.floor(Math.random() * victims.length)];
      if (victim === undefined) continue;
      process.kill(victim, 'SIGKILL');
      kills += 1;
      const killedAt = performance.now();
      void isWhole(server).then(() => startMs.push(performance.now() - killedAt));
    }
    const report = await storming;
    await until('all replicas are ready', async () =>
      (await adminView(server)).replicas.every(({ state }) => state === 'ready'),
    );
    const failed = report.requests - report.succeeded;
    const slowestStartMs = Math.max(...startMs);
    const allowedMs = Math.max(FACTOR * quiet.latencyMs.p99, slowestStartMs);
    const result = atMost(1, [report.latencyMs.p99 / allowedMs], {
      ...{ kills, failed, requests: report.requests },
      quietP99Ms: quiet.latencyMs.p99,
      stormP99Ms: report.latencyMs.p99,
      allowedMs,
      slowestStartMs,
      modelState: (await adminView(server)).state,
      errors: JSON.stringify(report.errors),
    });
    return { ...result, isMet: result.isMet && failed === 0 };
  } finally {
    await bench.close();
  }
};

/** Resolves when all replicas serve again. */
async function isWhole(server: Parameters<typeof adminView>[0]): Promise<void> {
  await until(
    'a replica is down',
    async () =>
      (await adminView(server)).replicas.some(({ state }) => state !== 'ready' && state !== 'degraded'),
    2_000,
  ).catch(() => {});
  await until('the replica serves again', async () =>
    (await adminView(server)).replicas.every(({ state }) => state === 'ready' || state === 'degraded'),
  );
}
