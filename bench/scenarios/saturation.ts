import { atLeast, type Scenario } from '../scenario.ts';
import { adminView, binaryRequest, closedLoop, openLoop, Workbench } from '../workbench.ts';

const SATURATED_MS = 60_000;
const OVERLOAD = 3;

/**
 * Three times the capacity for a minute: busy replicas must not be restarted or ejected, and the server must stay live.
 * The ratio is the rate of answers under this load over the capacity.
 */
export const saturation: Scenario = async (say) => {
  const bench = new Workbench(['slow']);
  try {
    const server = await bench.galley('slow', {
      replicas: 2,
      batching: { maxBatchSize: 8 },
      queue: { maxRows: 100 },
    });
    const request = binaryRequest('slow', [1, 64]);
    const { ratePerSecond: capacity } = await closedLoop(server, request, 64, 5_000);
    say(`capacity: ${capacity.toFixed(0)} requests/s`);
    const url = `http://127.0.0.1:${server.port}`;
    let [looks, slowestLiveMs] = [0, 0];
    const looking = setInterval(() => {
      const at = performance.now();
      void fetch(`${url}/health/live`).then((response) => {
        if (response.ok) looks += 1;
        slowestLiveMs = Math.max(slowestLiveMs, performance.now() - at);
      });
    }, 500);
    const report = await openLoop(server, request, OVERLOAD * capacity, { durationMs: SATURATED_MS });
    clearInterval(looking);
    const { replicas } = await adminView(server);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const restarts = replicas.reduce((sum, { incarnation }) => sum + incarnation - 1, 0);
    const ejections = Number(/^galley_ejections_total\{[^}]*\} (\d+)/m.exec(metrics)?.[1]);
    const others = Object.keys(report.errors).filter((error) => error !== 'status:503');
    const result = atLeast(0.8, [report.ratePerSecond / capacity], {
      ...{ restarts, ejections, looks, slowestLiveMs },
      states: replicas.map(({ state }) => state).join(' '),
      refused: report.errors['status:503'] ?? 0,
      otherErrors: others.join(' ') || 'none',
    });
    return { ...result, isMet: result.isMet && restarts === 0 && ejections === 0 && others.length === 0 };
  } finally {
    await bench.close();
  }
};
