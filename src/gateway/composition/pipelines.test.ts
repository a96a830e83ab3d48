import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composedWorld, metadata, textOf } from '../../../test/support/composed-world.ts';
import { isRefusal } from '../../base/errors.ts';
import { RoutesSettings } from '../../config/route-settings.ts';

const TWO = {
  steps: [
    { model: 'a', outputs: { y: 'mid' } },
    { model: 'b', inputs: { x: 'mid' } },
  ],
};

test('a pipeline is ready when its steps are, and takes the time of its steps', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  const version = pipeline('p', TWO);
  clock.advance(100);
  assert.match(version.failure, /^step 1 \('a'\): Request for unknown model: 'a'/);
  simulated('a', 10);
  simulated('b', 20);
  clock.advance(1_100);
  assert.equal(version.state, 'ready');
  assert.equal(version.whyNotReady, undefined);
  const { seen } = ask(version);
  const startedAt = clock.now();
  clock.advance(100);
  assert.equal(textOf(seen.outcome), 'y');
  assert.equal(seen.atMs - startedAt, 30);
});

test('steps that do not need each other run side by side, and requests meet in the batches of the steps', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  const { version: a } = simulated('a', 10);
  const { version: b } = simulated('b', 10);
  simulated('c', 10);
  const fork = {
    steps: [
      { model: 'a', outputs: { y: 'left' } },
      { model: 'b', outputs: { y: 'right' } },
      { model: 'c', inputs: { x: 'left' } },
    ],
    outputs: ['y', 'right'],
  };
  const version = pipeline('p', fork);
  clock.advance(100);
  const batches: number[] = [];
  for (const step of [a, b]) step.path.dispatcher.batchStarted.on(({ batch }) => batches.push(batch.rows));
  const asked = Array.from({ length: 8 }, () => ask(version));
  const startedAt = clock.now();
  clock.advance(100);
  for (const { seen } of asked) assert.equal(textOf(seen.outcome), 'y,right');
  assert.ok(
    asked.every(({ seen }) => seen.atMs - startedAt <= 60),
    JSON.stringify(asked.map(({ seen }) => seen.atMs)),
  );
  assert.ok(Math.max(...batches) > 1, `batches of ${batches.join()}`);
});

test('deadline, tenant and priority of the request are those of its calls', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  const { version: a } = simulated('a', 10);
  const { version: b } = simulated('b', 500);
  const version = pipeline('p', TWO);
  clock.advance(100);
  const facts: unknown[] = [];
  for (const step of [a, b]) {
    step.arrived.on(({ facts: { tenant, priority, timeoutMs, request } }) =>
      facts.push([tenant.name, priority, timeoutMs, request.id]),
    );
  }
  const { seen } = ask(version, { timeoutMs: 100, tenant: 'gold', priority: 1 });
  const startedAt = clock.now();
  clock.advance(1_000);
  assert.deepEqual(facts, [
    ['gold', 3, 100, 'r'],
    ['gold', 3, 90, 'r'],
  ]);
  assert.equal(seen.atMs - startedAt, 100);
  assert.match(textOf(seen.outcome), /^DEADLINE_RUNNING/);
  assert.equal(b.path.service.inFlight, 0);
  assert.equal(version.path.service.inFlight, 0);
});

test('a step that fails fails the request, with the reason and the name of the step', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  simulated('a', 10);
  simulated('b', 10, { result: () => ({ kind: 'throw', message: 'no idea' }) });
  const version = pipeline('p', TWO);
  clock.advance(100);
  const { seen } = ask(version);
  clock.advance(1_000);
  assert.match(textOf(seen.outcome), /^MODEL_ERROR: step 2 \('b'\): .*no idea/);
  assert.equal(version.state, 'ready');
});

test('a cancelled request leaves its step, and so does one whose pipeline is killed', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  const { version: a } = simulated('a', 10);
  simulated('b', 10);
  const version = pipeline('p', TWO);
  clock.advance(100);
  const { entry } = ask(version);
  clock.advance(1);
  assert.equal(a.path.service.inFlight, 1);
  assert.ok('isSettled' in entry);
  version.cancel(entry);
  clock.advance(1);
  assert.equal(a.path.service.inFlight, 0);
  const { seen } = ask(version);
  clock.advance(5);
  version.stop('kill');
  clock.advance(1);
  assert.equal(a.path.service.inFlight, 0);
  assert.ok(seen.outcome !== undefined && isRefusal(seen.outcome));
  assert.ok(version.supervisor.isStopped);
});

test('a replica of a step that dies is replaced, and the request is answered', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  simulated('a', 10);
  const { spawner } = simulated('b', 50);
  const version = pipeline('p', TWO);
  clock.advance(100);
  const { seen } = ask(version);
  clock.advance(30);
  spawner.children.get('b/1#0')?.end(null, 'SIGKILL');
  clock.advance(5_000);
  assert.equal(textOf(seen.outcome), 'y');
});

test('pipelines that call each other fail with the circle, and their steps go on', () => {
  const { clock, simulated, pipeline, ask } = composedWorld();
  const { version: a } = simulated('a', 10);
  const one = pipeline('one', {
    steps: [
      { model: 'a', outputs: { y: 'mid' } },
      { model: 'other', inputs: { x: 'mid' } },
    ],
  });
  const other = pipeline('other', { steps: [{ model: 'one' }] });
  clock.advance(1_000);
  const failures = [one.failure, other.failure].join('\n');
  assert.match(failures, /must not call each other in a circle: other\/1 → one\/1 → other\/1/);
  assert.notEqual(one.state, 'ready');
  const { seen } = ask(a);
  clock.advance(100);
  assert.equal(textOf(seen.outcome), 'y');
});

test('a step may be replaced: later requests use the new model, and one of another form is named', () => {
  const { clock, catalog, replaceBy, simulated, pipeline, ask } = composedWorld();
  simulated('a', 10);
  simulated('b', 10);
  const version = pipeline('p', TWO);
  clock.advance(100);
  const took = () => {
    const startedAt = clock.now();
    const { seen } = ask(version);
    clock.advance(1_000);
    return [textOf(seen.outcome), seen.atMs - startedAt];
  };
  assert.deepEqual(took(), ['y', 20]);
  replaceBy('a', 40, metadata());
  clock.advance(1_000);
  assert.deepEqual(took(), ['y', 50]);
  replaceBy('a', 40, metadata('z'));
  clock.advance(1_000);
  assert.match(String(took()[0]), /^MODEL_ERROR: step 1 \('a'\): 'a' has no output 'y' any more/);
  assert.equal(catalog.rollouts().length, 0);
});
test('a step may be a route, which falls back within the deadline of the request', () => {
  const { clock, table, simulated, pipeline, ask } = composedWorld();
  const { version: a } = simulated('a', 10, { result: () => ({ kind: 'throw', message: 'no idea' }) });
  const { version: b } = simulated('b', 10);
  table.replace(RoutesSettings.parse({ r: { otherwise: 'a', fallback: ['b'] } }));
  const version = pipeline('p', { steps: [{ model: 'r' }] });
  clock.advance(100);
  const facts: unknown[] = [];
  for (const step of [a, b]) {
    step.arrived.on(({ facts: { tenant, timeoutMs } }) => facts.push([step.name, tenant.name, timeoutMs]));
  }
  const { seen } = ask(version, { timeoutMs: 100, tenant: 'gold' });
  clock.advance(1_000);
  assert.equal(textOf(seen.outcome), 'y');
  // Half of the time is left to the fallback, which begins after 10 ms.
  assert.deepEqual(facts, [
    ['a/1', 'gold', 50],
    ['b/1', 'gold', 90],
  ]);
  const circle = pipeline('r2', {
    steps: [{ model: 'p' }, { model: 'to-p', inputs: { x: 'y' }, outputs: { y: 'z' } }],
  });
  table.replace(RoutesSettings.parse({ 'to-p': { otherwise: 'r2' } }));
  clock.advance(1_000);
  assert.match(circle.failure, /in a circle: r2\/1 → r2\/1/);
});
