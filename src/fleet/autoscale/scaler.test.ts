import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal, refuse } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { TimedSpawner } from '../../simulate/backends/timed-backend.ts';
import {
  SAME_ANSWERS,
  SIMULATED_METADATA,
  SIMULATED_REQUEST,
} from '../../simulate/policies/simulated-model.ts';
import { Entry } from '../../work/entry.ts';
import { VersionInService } from '../version/version-in-service.ts';
import type { Scaled } from './scaled-version.ts';
import { Scaler } from './scaler.ts';

const SERVICE_MS = 100;
const START_MS = 300;

/** Versions that take 100 ms a request and 300 ms to start, under one scaler. */
function setUp(models: Readonly<Record<string, object>>, cores = 100) {
  const clock = new VirtualClock();
  const random = seededRandom('scaler');
  const rolling = new Set<VersionInService>();
  const scaler = new Scaler({
    ...{ clock, budget: { cores, memoryBytes: Number.POSITIVE_INFINITY } },
    isRollingOut: (version) => rolling.has(version),
  });
  const scaled: Scaled[] = [];
  scaler.scaled.on((change) => scaled.push(change));
  const versions = Object.entries(models).map(([model, settings]) => {
    const spawner = new TimedSpawner(clock, {
      ...{
        metadata: SIMULATED_METADATA,
        serviceMs: () => SERVICE_MS,
        result: () => ({ kind: 'answer' }) as const,
      },
      startMs: () => START_MS,
    });
    const spec = {
      ...{ model, version: '1', file: model, ownSample: [] },
      settings: ModelSettings.parse({
        ...{ warmup: { enabled: false }, health: { readiness: { enabled: false } } },
        ...settings,
        batching: { rows: 'independent', maxBatchSize: 1 },
      }),
    };
    const version = new VersionInService(spec, { clock, random, spawner, comparator: SAME_ANSWERS });
    scaler.watch(version);
    version.start();
    return version;
  });
  const outcomes: string[] = [];
  const ask = (version: VersionInService) => {
    const entry = version.admit({ facts: SIMULATED_REQUEST, isDenied: false, isSuspect: false }, (outcome) =>
      outcomes.push(isRefusal(outcome) ? outcome.reason : 'ok'),
    );
    if (!(entry instanceof Entry)) outcomes.push(entry.reason);
  };
  /** Sends requests at an even rate, per second. */
  const send = (version: VersionInService, perSecond: number, seconds: number) => {
    for (let each = 0; each < perSecond * seconds; each++) {
      ask(version);
      clock.advance(1_000 / perSecond);
    }
  };
  clock.advance(1_000);
  const [one = assert.fail(), two] = versions;
  return { clock, scaler, scaled, one, two, outcomes, ask, send, rolling };
}

const wantedOf = (version: VersionInService | undefined) => version?.supervisor.wanted;

test('a burst adds replicas within a second, a quiet spell gives them back one at a time, and no request is lost', () => {
  const { clock, scaled, one, outcomes, send } = setUp({
    m: { objective: { latencyMs: 4_000 }, autoscaling: { minReplicas: 1, maxReplicas: 10 } },
  });
  send(one, 2, 60);
  assert.equal(wantedOf(one), 1);
  const burstAt = clock.now();
  send(one, 50, 1);
  assert.ok((wantedOf(one) ?? 0) > 1, 'more within a second');
  send(one, 50, 59);
  assert.ok((wantedOf(one) ?? 0) >= 6, `${wantedOf(one)} replicas for 5 busy ones`);
  assert.ok((scaled[0]?.facts?.now ?? 0) - burstAt <= 1_000);
  send(one, 2, 900);
  assert.equal(wantedOf(one), 1);
  for (const { from, to } of scaled) assert.ok(to > from || to === from - 1, 'down by one');
  assert.deepEqual(new Set(outcomes), new Set(['ok']));
});

test('constant load within what one replica can do changes nothing', () => {
  const { scaled, one, send } = setUp({
    m: { objective: { latencyMs: 1_000 }, autoscaling: { minReplicas: 1, maxReplicas: 4 } },
  });
  send(one, 5, 300);
  assert.deepEqual(scaled, []);
});

test('what the machine has is shared: minimums first, and no version exceeds the cores', () => {
  const settings = { autoscaling: { minReplicas: 1, maxReplicas: 10 } };
  const { clock, scaler, one, two, ask } = setUp({ a: settings, b: settings }, 4);
  for (let tick = 0; tick < 400; tick++) {
    for (let each = 0; each < 10; each++) {
      ask(one);
      ask(two ?? assert.fail());
    }
    clock.advance(100);
    const replicas = [one, two].flatMap((version) => version?.supervisor.replicas() ?? []);
    assert.ok(replicas.filter(({ state }) => state !== 'stopped').length <= 4);
  }
  assert.deepEqual([wantedOf(one), wantedOf(two)], [2, 2]);
  assert.match(scaler.of(one)?.limit ?? '', /4 cores/);
});

test('an override holds against the traffic, expires, and says both', () => {
  const { clock, scaler, scaled, one, send } = setUp({
    m: { autoscaling: { minReplicas: 1, maxReplicas: 4 } },
  });
  scaler.override(one, 3, 10_000);
  assert.equal(wantedOf(one), 3);
  assert.match(scaled.at(-1)?.winner.because ?? '', /set by an operator for 10 s/);
  send(one, 1, 9);
  assert.equal(wantedOf(one), 3);
  assert.equal(scaler.of(one)?.overridden?.replicas, 3);
  clock.advance(400_000);
  assert.equal(scaler.of(one)?.overridden, undefined);
  assert.equal(wantedOf(one), 1);
  assert.ok(scaled.some(({ to, winner }) => to < 3 && /the override has expired/.test(winner.because)));
});

test('an override of a fixed number ends with the fixed number', () => {
  const { clock, scaler, scaled, one } = setUp({ m: { replicas: 2 } });
  scaler.override(one, 5, undefined);
  assert.equal(wantedOf(one), 5);
  clock.advance(60_000);
  assert.equal(wantedOf(one), 5);
  assert.equal(scaler.release(one), true);
  assert.equal(wantedOf(one), 2);
  assert.match(scaled.at(-1)?.winner.because ?? '', /released by an operator/);
  assert.equal(scaler.release(one), false);
});

test('a version that is rolled out keeps its number', () => {
  const { scaler, one, rolling } = setUp({ m: { autoscaling: { minReplicas: 1, maxReplicas: 4 } } });
  rolling.add(one);
  scaler.override(one, 3, undefined);
  assert.equal(wantedOf(one), 1);
});

test('with minReplicas 0 an unused version ends its replica, is ready, and the next requests start one and wait for it', () => {
  const { clock, scaled, one, outcomes, ask } = setUp({
    m: { objective: { latencyMs: 200 }, autoscaling: { minReplicas: 0, maxReplicas: 4, idleMs: 5_000 } },
  });
  ask(one);
  clock.advance(500);
  assert.equal(wantedOf(one), 1);
  clock.advance(310_000);
  assert.equal(wantedOf(one), 0);
  assert.equal(one.isReady, true);
  assert.match(scaled.at(-1)?.winner.because ?? '', /no request for/);
  ask(one);
  ask(one);
  clock.advance(1);
  assert.equal(wantedOf(one), 1, 'at once, not at the next tick');
  clock.advance(2_000);
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok']);
  assert.match(scaled.at(-1)?.winner.because ?? '', /a request arrived/);
});

test('replicas of another size take the place of the present ones one by one, and no request is lost', () => {
  const { clock, scaler, scaled, one, outcomes, send } = setUp({ m: { replicas: 3 } });
  scaler.resize(one, 2);
  let fewest = 3;
  for (let each = 0; each < 40; each++) {
    send(one, 10, 0.1);
    const replicas = one.supervisor.replicas().filter(({ state }) => state !== 'stopped');
    fewest = Math.min(fewest, replicas.filter(({ state }) => state === 'ready').length);
    assert.ok(replicas.filter(({ state }) => state !== 'draining').length <= 4);
  }
  clock.advance(1_000);
  assert.deepEqual(
    one.supervisor.replicas().map(({ placement, state }) => [placement.threads, state]),
    [
      [2, 'ready'],
      [2, 'ready'],
      [2, 'ready'],
    ],
  );
  assert.equal(fewest, 3);
  assert.deepEqual(new Set(outcomes), new Set(['ok']));
  assert.deepEqual(scaled, [], 'the number has not changed');
});

test('requests that wait for the first replica are not dropped for an objective that is shorter than its start', () => {
  const { clock, one, outcomes, ask } = setUp({
    m: {
      objective: { latencyMs: 250 },
      autoscaling: { minReplicas: 0, maxReplicas: 4, idleMs: 1_000, downWindowMs: 0, downEveryMs: 0 },
    },
  });
  // Predictions need measurements.
  for (let each = 0; each < 30; each++) {
    ask(one);
    clock.advance(SERVICE_MS);
  }
  clock.advance(120_000);
  assert.equal(wantedOf(one), 0);
  outcomes.length = 0;
  for (let each = 0; each < 10; each++) ask(one);
  clock.advance(5_000);
  assert.deepEqual(outcomes, new Array(10).fill('ok'));
});

test('a version that may have no replica keeps one while it is needed, on however small a machine', () => {
  const { scaled, one, outcomes, send } = setUp(
    { m: { autoscaling: { minReplicas: 0, maxReplicas: 4, idleMs: 2_000 } } },
    0,
  );
  send(one, 2, 30);
  assert.deepEqual(scaled, []);
  assert.deepEqual(new Set(outcomes), new Set(['ok']));
});

test('a replica that an operator ejects or restarts is not given up', () => {
  const { clock, scaled, one, send } = setUp({
    m: { objective: { latencyMs: 1_000 }, autoscaling: { minReplicas: 1, maxReplicas: 4 } },
  });
  send(one, 20, 30);
  const most = wantedOf(one) ?? 0;
  assert.ok(most > 1);
  one.operate('eject', 'm/1#0');
  clock.advance(5_000);
  one.operate('restart', 'm/1#1');
  clock.advance(5_000);
  assert.equal(wantedOf(one), most);
  assert.ok(scaled.every(({ from, to }) => to > from));
});

test('a version that takes the place of another keeps what was set by hand', () => {
  const { scaler, one, two } = setUp({ a: { replicas: 2 }, b: { replicas: 2 } });
  scaler.override(one, 4, undefined);
  scaler.resize(one, 2);
  scaler.succeed(one, two ?? assert.fail());
  assert.deepEqual(scaler.of(two ?? assert.fail())?.overridden, { replicas: 4, untilMs: undefined });
  assert.equal(scaler.of(two ?? assert.fail())?.threads, 2);
});

test('requests that are refused from their headers are traffic too', () => {
  const { clock, scaler, one } = setUp({ m: { autoscaling: { minReplicas: 1, maxReplicas: 4 } } });
  const refusal = refuse('PREDICTED_LATE', 'late');
  one.path.admission.refusedAtDoor.emit({ refusal, requests: 600 });
  clock.advance(250);
  assert.ok((scaler.of(one)?.facts?.arrivals.rate60s ?? 0) >= 0.01);
});

test('a replica that drains uses its core until it has ended', () => {
  const settings = { autoscaling: { minReplicas: 1, maxReplicas: 4 } };
  const { clock, scaler, one, two = assert.fail(), ask } = setUp({ a: settings, b: settings }, 4);
  scaler.override(one, 3, undefined);
  clock.advance(1_000);
  for (let each = 0; each < 3; each++) ask(one);
  scaler.override(one, 1, undefined);
  const claim = scaler.of(one)?.claim(clock.now(), false);
  assert.deepEqual([claim?.held, claim?.draining], [1, 2]);
  clock.advance(1_000);
  assert.equal(scaler.of(one)?.claim(clock.now(), false).draining, 0);
  assert.equal(wantedOf(two), 1);
});

test('a version that is frozen claims what it has', () => {
  const { scaler, clock, one } = setUp({ m: { autoscaling: { minReplicas: 1, maxReplicas: 4 } } });
  scaler.override(one, 3, undefined);
  clock.advance(1_000);
  scaler.of(one)?.override(1, undefined);
  const frozen = scaler.of(one)?.claim(clock.now(), true);
  assert.deepEqual([frozen?.minReplicas, frozen?.wanted], [3, 3]);
  assert.equal(scaler.of(one)?.claim(clock.now(), false).wanted, 1);
});
