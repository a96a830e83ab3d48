import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Asked, type Asking, askHeld, metricOf } from '../support/asking.ts';
import { writeHeldModel } from '../support/held-model.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-deadlines-'));
const held = writeHeldModel(join(root, 'held'));
let server: RunningServer;

before(async () => {
  const file = join(root, 'galley.yaml');
  const one = `${held.settings}, batching: {maxBatchSize: 1}`;
  writeFileSync(
    file,
    `models: {patient: {${one}}, hasty: {${one}, timeoutMs: 200}, ordered: {${one}}, explained: {${held.settings}, batching: {maxBatchSize: 8, rows: independent}}}`,
  );
  server = await RunningServer.start([file]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function ask(model: string, order: number | readonly number[], asking: Asking = {}): Promise<Asked> {
  return askHeld(server.url, model, order, asking);
}

function milliseconds(timeout: string): Asking {
  return { headers: { 'x-request-timeout-ms': timeout } };
}

async function inFlight(model: string, count: number): Promise<void> {
  await until(
    `${count} are in flight`,
    async () => (await metricOf(server.url, model, 'galley_in_flight_requests')) === count,
  );
}

/** Keeps the replica busy: one request runs, another may be queued in the replica, so the last one waits. */
async function occupy(model: string, order: number): Promise<Promise<Asked>[]> {
  const asked = [order, order, order].map(async (each) => ask(model, each));
  await inFlight(model, asked.length);
  return asked;
}

test('a request that runs longer than its timeout parameter, in microseconds, is answered 504 as running', async () => {
  const { status, reason, error } = await ask('patient', 1, { parameters: { timeout: 200_000 } });
  assert.deepEqual([status, reason], [504, 'DEADLINE_RUNNING']);
  assert.match(error ?? '', /still running after 200 ms/);
  assert.equal(await metricOf(server.url, 'patient', 'galley_in_flight_requests'), 0);
  held.release(1);
  assert.equal((await ask('patient', 0)).status, 200);
});

test('a request that waits longer than the timeout of its header, in milliseconds, is answered 504 as waiting', async () => {
  const ahead = await occupy('patient', 2);
  const { status, reason, error } = await ask('patient', 0, milliseconds('150.5'));
  assert.deepEqual([status, reason], [504, 'DEADLINE_QUEUED']);
  assert.match(error ?? '', /still waiting after 150\.5 ms/);
  held.release(2);
  for (const each of await Promise.all(ahead)) assert.equal(each.status, 200);
});

test('the shorter of header and parameter counts', async () => {
  for (const [timeout, header] of [
    [60_000_000, '150'],
    [150_000, '60000'],
  ] as const) {
    const { status, error } = await ask('patient', 3, { ...milliseconds(header), parameters: { timeout } });
    assert.equal(status, 504);
    assert.match(error ?? '', / after 150 ms/);
  }
  held.release(3);
});

test("the model's timeout applies to requests without one, and the header applies to instances too", async () => {
  assert.match((await ask('hasty', 4)).error ?? '', / after 200 ms/);
  const longer = ask('hasty', 4, milliseconds('60000'));
  const instances = await fetch(`${server.url}/v1/models/hasty:predict`, {
    method: 'POST',
    headers: { 'x-request-timeout-ms': '100' },
    body: '{"instances": [4]}',
  });
  assert.equal(instances.status, 504);
  assert.match(await instances.text(), / after 100 ms/);
  held.release(4);
  assert.equal((await longer).status, 200);
});

test('a timeout beyond the range of timers means no timeout', async () => {
  for (const asking of [milliseconds('1e300'), { parameters: { timeout: Number.MAX_SAFE_INTEGER } }]) {
    assert.equal((await ask('patient', 0, asking)).status, 200);
  }
});

for (const timeout of ['soon', '0', '-5', '', 'Infinity', '10, 20']) {
  test(`x-request-timeout-ms '${timeout}' is refused with the expected form`, async () => {
    const { status, reason, error } = await ask('patient', 0, milliseconds(timeout));
    assert.deepEqual([status, reason], [400, 'INVALID_INPUT']);
    assert.equal(error, `x-request-timeout-ms is '${timeout}', wanted a number of milliseconds above 0`);
  });
}

for (const [name, value, wanted] of [
  ['timeout', -1, 'a whole number of microseconds'],
  ['timeout', 1.5, 'a whole number of microseconds'],
  ['timeout', 'soon', 'a whole number of microseconds'],
  ['priority', -1, "a whole number: 0 for the model's own, 1 the most urgent"],
  ['priority', 1.5, "a whole number: 0 for the model's own, 1 the most urgent"],
  ['priority', 'x', "a whole number: 0 for the model's own, 1 the most urgent"],
] as const) {
  test(`parameter ${name} ${JSON.stringify(value)} is refused with the expected form`, async () => {
    const { status, reason, error } = await ask('patient', 0, { parameters: { [name]: value } });
    assert.deepEqual([status, reason], [400, 'INVALID_INPUT']);
    assert.equal(error, `parameter '${name}' is ${JSON.stringify(value)}, wanted ${wanted}`);
  });
}

test('every whole number from 0 is a priority, and higher priorities go first', async () => {
  for (const priority of [0, 1, 2, 3, 4, 5, 1_000_000]) {
    assert.equal((await ask('ordered', 0, { parameters: { priority } })).status, 200);
  }
  const ahead = await occupy('ordered', 5);
  const waiting: Promise<Asked>[] = [];
  for (const priority of [4, 1]) {
    waiting.push(ask('ordered', 0, { parameters: { priority } }));
    await inFlight('ordered', ahead.length + waiting.length);
  }
  held.release(5);
  const [lazy, urgent] = await Promise.all(waiting);
  await Promise.all(ahead);
  const [lazyRun, urgentRun] = [lazy, urgent].map((asked) => Number(asked?.output('run')?.[0]));
  assert.ok(Number(urgentRun) < Number(lazyRun), `${urgentRun} ${lazyRun}`);
});

interface Explanation {
  readonly queueMs: number;
  readonly totalMs: number;
  readonly attempts: number;
  readonly replica: string;
  readonly batchReason: string;
  readonly batchRows: number;
  readonly predictedMs: number;
  readonly serviceMs: number | null;
}
const EXPLAIN = { 'x-galley-explain': '1' };

function explanationOf({ headers }: Asked): Explanation {
  return JSON.parse(headers.get('x-galley-explain') ?? '{}') as Explanation;
}

test('the explanation of a request is sent only to clients that ask for it', async () => {
  const asked = await ask('explained', [0, 0, 0], { headers: EXPLAIN });
  assert.equal(asked.status, 200);
  const { queueMs, totalMs, predictedMs, serviceMs, ...rest } = explanationOf(asked);
  assert.ok(queueMs >= 0 && Number(serviceMs) > 0 && predictedMs >= 0, JSON.stringify(explanationOf(asked)));
  assert.ok(totalMs >= queueMs + Number(serviceMs), `${totalMs} ${queueMs} ${serviceMs}`);
  assert.deepEqual(rest, { attempts: 1, replica: 'explained/1#0', batchReason: 'idle', batchRows: 3 });
  for (const headers of [{}, { 'x-galley-explain': '0' }]) {
    assert.equal((await ask('explained', 0, { headers })).headers.get('x-galley-explain'), null);
  }
});

test('the explanation of a refused request ends where the request ended', async () => {
  const ahead = await occupy('patient', 6);
  const waiting = await ask('patient', 0, { headers: { ...EXPLAIN, 'x-request-timeout-ms': '100' } });
  assert.equal(waiting.reason, 'DEADLINE_QUEUED');
  const { queueMs, totalMs, ...rest } = explanationOf(waiting);
  assert.ok(queueMs >= 100 && totalMs === queueMs);
  assert.deepEqual(rest, { attempts: 0 });
  held.release(6);
  await Promise.all(ahead);
  const running = await ask('explained', 7, { headers: { ...EXPLAIN, 'x-request-timeout-ms': '100' } });
  assert.equal(running.reason, 'DEADLINE_RUNNING');
  const { attempts, batchRows, serviceMs } = explanationOf(running);
  assert.deepEqual([attempts, batchRows, serviceMs], [1, 1, null]);
  held.release(7);
});
