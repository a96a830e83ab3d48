import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Asked, type Asking, askHeld, metricOf } from '../support/asking.ts';
import { writeHeldModel } from '../support/held-model.ts';
import { childrenOf, signalProcess } from '../support/processes.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-single-flight-'));
const held = writeHeldModel(join(root, 'held'));
let server: RunningServer;

before(async () => {
  const file = join(root, 'galley.yaml');
  const one = `${held.settings}, batching: {maxBatchSize: 1}`;
  writeFileSync(file, `models: {held: {${one}, singleFlight: true}, usual: {${one}}}`);
  server = await RunningServer.start([file]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function ask(order: number, asking: Asking = {}): Promise<Asked> {
  return askHeld(server.url, 'held', order, asking);
}

async function metric(name: string, model = 'held'): Promise<number> {
  return metricOf(server.url, model, `galley_${name}`);
}

async function inFlight(count: number): Promise<void> {
  await until(`${count} are in flight`, async () => (await metric('in_flight_requests')) === count);
}

interface Counted {
  readonly joined: number;
  readonly batches: number;
  readonly rows: number;
}

/** Returns a function that checks the counts since this call. A batch is counted when it ends. */
async function counters(): Promise<(wanted: Counted) => Promise<void>> {
  const read = async () => ({
    joined: await metric('single_flight_total'),
    batches: await metric('batch_rows_count'),
    rows: await metric('batch_rows_sum'),
  });
  const start = await read();
  return async (wanted) => {
    const end = await until('all batches are counted', async () => {
      const now = await read();
      return now.batches - start.batches >= wanted.batches && now;
    });
    const { joined, batches, rows } = start;
    const added = { joined: end.joined - joined, batches: end.batches - batches, rows: end.rows - rows };
    assert.deepEqual(added, wanted);
  };
}

/** Equal requests, one after the other, so that the first leads. */
async function together(order: number, askings: readonly Asking[], others = 0): Promise<Promise<Asked>[]> {
  const asked: Promise<Asked>[] = [];
  for (const asking of askings) {
    asked.push(ask(order, asking));
    await inFlight(others + asked.length);
  }
  return asked;
}

function leaving(): { readonly asking: Asking; leave(asked: Promise<Asked> | undefined): Promise<void> } {
  const controller = new AbortController();
  return {
    asking: { signal: controller.signal },
    async leave(asked) {
      controller.abort();
      await assert.rejects(asked as Promise<Asked>, /abort/);
    },
  };
}

test('equal requests in flight run once, and each gets the answer under its own id', async () => {
  const added = await counters();
  const asked = await together(1, [{ id: 'a' }, { id: 'b' }, { id: 'c' }, {}]);
  held.release(1);
  const answers = await Promise.all(asked);
  for (const { status, output } of answers) {
    assert.deepEqual([status, output('order'), output('run')], [200, [1], answers[0]?.output('run')]);
  }
  const ids = answers.map(({ text }) => (JSON.parse(text) as { id?: string }).id);
  assert.deepEqual(ids, ['a', 'b', 'c', undefined]);
  await added({ joined: 3, batches: 1, rows: 1 });
  // Nothing is cached afterwards.
  assert.notDeepEqual((await ask(1)).output('run'), answers[0]?.output('run'));
});

test('requests with other inputs or parameters run separately, as all do without the setting', async () => {
  const added = await counters();
  const asked = await together(2, [{}, { parameters: { heat: 1 } }]);
  asked.push(ask(3));
  await inFlight(3);
  held.release(2);
  held.release(3);
  for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
  await added({ joined: 0, batches: 3, rows: 3 });
  const usual = [4, 4].map(async (order) => askHeld(server.url, 'usual', order));
  await until('both are in flight', async () => (await metric('in_flight_requests', 'usual')) === 2);
  held.release(4);
  await Promise.all(usual);
  await until('both are counted', async () => (await metric('batch_rows_count', 'usual')) === 2);
});

test('a client that leaves does not affect others, whether it joined, leads or its batch runs', async () => {
  const added = await counters();
  const [first, second] = [leaving(), leaving()];
  const asked = await together(5, [first.asking, second.asking, {}, {}]);
  await second.leave(asked[1]);
  await inFlight(3);
  await first.leave(asked[0]);
  await inFlight(2);
  const [late] = await together(5, [{}], 2);
  held.release(5);
  const answers = await Promise.all([asked[2], asked[3], late]);
  for (const answer of answers) assert.deepEqual([answer?.status, answer?.output('order')], [200, [5]]);
  await added({ joined: 4, batches: 1, rows: 1 });
});

test('when a waiting leader leaves, the next request takes its place', async () => {
  const added = await counters();
  const ahead = [60, 61, 62].map(async (order) => ask(order));
  await inFlight(3);
  const first = leaving();
  const asked = await together(7, [first.asking, {}, {}], 3);
  await first.leave(asked[0]);
  await inFlight(5);
  for (const order of [60, 61, 62, 7]) held.release(order);
  for (const each of [...ahead, asked[1], asked[2]]) assert.equal((await each)?.status, 200);
  await added({ joined: 2, batches: 4, rows: 4 });
  assert.deepEqual([await metric('queue_rows'), await metric('queue_bytes')], [0, 0]);
});

test('when all have left nothing remains, and a new request runs separately', async () => {
  const both = [leaving(), leaving()];
  const asked = await together(
    8,
    both.map(({ asking }) => asking),
  );
  for (const [index, { leave }] of both.entries()) await leave(asked[index]);
  await inFlight(0);
  const joined = await metric('single_flight_total');
  const [again] = await together(8, [{}]);
  held.release(8);
  assert.equal((await again)?.status, 200);
  assert.equal(await metric('single_flight_total'), joined);
});

test('each request keeps its own deadline', async () => {
  for (const [order, askings] of [
    [9, [{ parameters: { timeout: 300_000 } }, {}]],
    [10, [{}, { parameters: { timeout: 300_000 } }]],
  ] as const) {
    const added = await counters();
    const asked = await together(order, askings);
    await inFlight(1);
    held.release(order);
    const reasons = (await Promise.all(asked)).map(({ status, reason }) => reason ?? status);
    assert.deepEqual(reasons, order === 9 ? ['DEADLINE_RUNNING', 200] : [200, 'DEADLINE_RUNNING']);
    await added({ joined: 1, batches: 1, rows: 1 });
  }
});

test('an error is the answer to all of them, and the next request runs again', async () => {
  const asked = await together(-11, [{}, {}]);
  held.release(11);
  for (const { status, error } of await Promise.all(asked)) {
    assert.equal(status, 500);
    assert.match(error ?? '', /told to throw/);
  }
  assert.equal((await ask(0)).status, 200);
  await inFlight(0);
});

test('a lost replica loses none of them', async () => {
  const asked = await together(12, [{}, {}, {}]);
  for (const pid of childrenOf(server.pid)) signalProcess(pid, 'SIGKILL');
  held.release(12);
  for (const { status, output } of await Promise.all(asked))
    assert.deepEqual([status, output('order')], [200, [12]]);
});

test('a joined request gets its explanation as well', async () => {
  const explain = { headers: { 'x-galley-explain': '1' } };
  const asked = await together(13, [{}, explain]);
  held.release(13);
  const [, joined] = await Promise.all(asked);
  const told = JSON.parse(joined?.headers.get('x-galley-explain') ?? '{}') as Record<string, unknown>;
  assert.deepEqual([told.attempts, told.replica, told.batchRows], [1, 'held/1#0', 1]);
  assert.equal(typeof told.serviceMs, 'number');
});
