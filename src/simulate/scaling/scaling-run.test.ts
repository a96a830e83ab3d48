import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { erlangC } from '../../scaling/erlang.ts';
import { CONTENDERS } from './contenders.ts';
import { runScaling, type ScalingRun } from './scaling-run.ts';
import { exponential, lognormal } from './service-law.ts';
import { readTrace, syntheticTrace } from './trace.ts';

const BOUNDS = { minReplicas: 2, maxReplicas: 10, rowsPerReplica: 1 };

function run(some: Partial<ScalingRun>, contender?: string) {
  const law = lognormal(300, 0.3);
  return runScaling({
    ...{ seed: 'test', withinMs: 1_500, settleMs: 60_000, startMs: () => 300 },
    trace: bursts(),
    serviceMs: (_batch, random) => law(random),
    policy: contender === undefined ? undefined : CONTENDERS[contender]?.(BOUNDS),
    settings: {
      objective: { latencyMs: 1_500 },
      ...{ batching: { maxBatchSize: 1 }, warmup: { enabled: false }, queue: { maxRows: 100_000 } },
      autoscaling: { minReplicas: 2, maxReplicas: 10 },
    },
    ...some,
  });
}

/** An hour with a burst of five times the usual rate every ten minutes. */
function bursts() {
  const phases = Array.from({ length: 6 }, () => [
    { lastsMs: 510_000, rate: 4 },
    { lastsMs: 90_000, rate: 20 },
  ]);
  return syntheticTrace('bursts', phases.flat(), seededRandom('bursts'));
}

test('the wait in a memoryless queue is that of Erlang C, within 3 %', () => {
  const [replicas, rate, serviceMs] = [4, 16, 200];
  const trace = syntheticTrace('steady', [{ lastsMs: 20_000_000, rate }], seededRandom('steady'));
  const law = exponential(serviceMs);
  const { meanMs } = run({
    ...{ trace, serviceMs: (_batch, random) => law(random), withinMs: 1e9 },
    settings: {
      ...{ replicas, timeoutMs: 1e9, queue: { maxRows: 1e6 } },
      ...{ batching: { maxBatchSize: 1 }, warmup: { enabled: false } },
    },
  });
  const load = (rate * serviceMs) / 1_000;
  const waitMs = (erlangC(replicas, load) * serviceMs) / (replicas - load);
  assert.ok(
    Math.abs((meanMs - serviceMs) / waitMs - 1) < 0.03,
    `${meanMs - serviceMs} ms, wanted ${waitMs} ms`,
  );
});

test('every request has one outcome, and the same seed gives the same report', () => {
  const report = run({});
  assert.equal(report.answered + report.refused, report.offered);
  assert.deepEqual(run({}), report);
  assert.ok(report.meanReplicas >= 2 && report.meanReplicas <= 10);
  const seconds = report.minutes.reduce((sum, { replicas }) => sum + 60 * replicas, 0);
  assert.ok(Math.abs(seconds - report.replicaSeconds) < 1, 'replicas are paid for from start to exit');
});

test('on bursts: at most half of the misses of HPA, better than Ray, few flaps', () => {
  for (const startMs of [300, 4_000]) {
    const ours = run({ startMs: () => startMs });
    const missed = ({ attainment }: typeof ours) => 1 - attainment;
    const hpa = run({ startMs: () => startMs }, 'hpa');
    assert.ok(missed(ours) <= 0.5 * Math.max(missed(hpa), 0.001), `${missed(ours)} against ${missed(hpa)}`);
    for (const contender of ['ray-tuned', 'static-min']) {
      const other = run({ startMs: () => startMs }, contender);
      const isBetter = other.attainment > ours.attainment + 0.001;
      assert.ok(!isBetter || other.replicaSeconds > 1.02 * ours.replicaSeconds, contender);
    }
    assert.ok(ours.flaps <= 6, `${ours.flaps} flaps in an hour`);
  }
});

test('a start may take longer than the settings allow a real one', () => {
  const trace = syntheticTrace('calm', [{ lastsMs: 60_000, rate: 2 }], seededRandom('calm'));
  const health = { startupTimeoutMs: 1_000, readiness: { enabled: true } };
  const settings = { health, batching: { maxBatchSize: 1 }, warmup: { enabled: false } };
  const report = run({ trace, settings, settleMs: 0, startMs: () => 5_000 });
  assert.equal(report.answered, report.offered);
});

test('constant load changes nothing', () => {
  const trace = syntheticTrace('constant', [{ lastsMs: 1_800_000, rate: 4 }], seededRandom('constant'));
  const { ups, downs } = run({ trace, settleMs: 120_000 });
  assert.ok(ups + downs <= 2, `${ups} up, ${downs} down`);
});

test('a trace is read by its columns, and what cannot be read is told with its line', () => {
  const random = seededRandom('trace');
  const times = readTrace('a.csv', 't_s,tokens\n0.5,9\n0.25,1\n2,3\n', random);
  assert.deepEqual([...times.arrivalsMs], [250, 500, 2_000]);
  const counts = readTrace('b.csv', 'count\n2\n0\n1\n', random, { stepS: 60 });
  assert.equal(counts.lastsMs, 180_000);
  assert.deepEqual(
    [...counts.arrivalsMs].map((at) => Math.floor(at / 60_000)),
    [0, 0, 2],
  );
  const part = readTrace('c.csv', 't_s,count\n0,1\n300,1\n600,1\n', random, {
    fromS: 300,
    toS: 600,
    scale: 3,
  });
  assert.equal(part.arrivalsMs.length, 3);
  assert.ok(part.arrivalsMs.every((at) => at >= 0 && at < 300_000));
  assert.throws(() => readTrace('d.csv', 'when\n1', random), /wanted t_s/);
  assert.throws(() => readTrace('e.csv', 'count\n1\nx', random), /line 3 is 'x'/);
  assert.throws(() => readTrace('f.csv', 'count\n-1', random), /line 2/);
  assert.throws(() => readTrace('g.csv', 'count\n0', random), /no request/);
});
