import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { type Asked, type Asking, metricOf } from '../support/asking.ts';
import { signalProcess } from '../support/processes.ts';
import { askX, countsOf, eachOf, routeView, servedBy } from '../support/route-asking.ts';
import { QUIET, type SteeredModel, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-fallback-'));
let main: SteeredModel;
let server: RunningServer;
let url = '';

before(async () => {
  main = writeSteeredModel(join(root, 'main', '1'));
  writeSteeredModel(join(root, 'backup', '1'), { factor: 2 });
  writeSteeredModel(join(root, 'tiny', '1'), { ms: 20 });
  mkdirSync(join(root, 'broken', '1'), { recursive: true });
  writeFileSync(join(root, 'broken', '1', 'model.mjs'), 'export default 1;');
  const backoff = { restart: { initialDelayMs: 10, maxDelayMs: 50, maxExits: 1000 } };
  server = await createServer({
    strict: false,
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' }, defaults: QUIET },
      models: { main: { health: { ...QUIET.health, ...backoff } }, tiny: { queue: { maxRows: 1 } } },
      routes: {
        'safe-main': { otherwise: 'main', fallback: ['backup'] },
        'safe-tiny': { otherwise: 'tiny', fallback: ['tiny/1', 'backup'] },
        'safe-broken': { otherwise: 'broken', fallback: ['main', 'backup'] },
        judged: {
          otherwise: {
            choose: { by: 'main', output: 'y', targets: { 1: 'tiny' }, otherwise: 'backup' },
          },
          fallback: [{ answer: { y: -1 } }],
        },
        itself: { otherwise: { split: { main: 1, backup: 1 } }, fallback: ['main'] },
        cached: { otherwise: 'main', fallback: [{ cached: {} }, { answer: { y: -1 } }] },
        nothing: { otherwise: 'broken', fallback: [{ answer: { y: 0.5, why: 'no model' } }] },
      },
    },
  });
  url = server.url;
});
afterEach(async () => {
  main.order('serve');
  await until('main is ready', async () => (await fetch(`${url}/v2/models/main/ready`)).status === 200);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

const DEADLINE_MS = 1_000;
/** The test machine may be busy. */
const SLACK_MS = 500;

/** Sends 200 requests, all of which must be answered in time. */
async function under(target: string, timeoutMs = DEADLINE_MS): Promise<readonly Asked[]> {
  const headers = { 'x-request-timeout-ms': String(timeoutMs) };
  return eachOf(200, 16, async (index) => {
    const startedAt = performance.now();
    const asked = await askX(url, `safe-${target}`, index, { headers });
    const ms = performance.now() - startedAt;
    assert.equal(asked.status, 200, asked.text);
    assert.ok(ms < timeoutMs + SLACK_MS, `${ms} ms`);
    const factor = servedBy(asked) === 'backup/1' ? 2 : 1;
    assert.deepEqual(asked.output('y'), [index * factor]);
    const why = asked.headers.get('x-galley-fallback');
    assert.equal(why === null, servedBy(asked) === `${target}/1`, String(why));
    return asked;
  });
}

function causesOf(answers: readonly Asked[]): Readonly<Record<string, number>> {
  return countsOf(answers.map(({ headers }) => headers.get('x-galley-fallback')));
}

test('the replica of the target is killed again and again', async (t) => {
  const kills = (async () => {
    for (let kill = 0; kill < 3; kill++) {
      const pid = main.pid();
      signalProcess(pid, 'SIGKILL');
      await until('it is replaced', () => main.pid() !== pid);
    }
  })();
  const answers = await under('main');
  await kills;
  t.diagnostic(
    `killed: ${JSON.stringify(countsOf(answers.map(servedBy)))} ${JSON.stringify(causesOf(answers))}`,
  );
});

test('the target hangs', async (t) => {
  main.order('hang');
  const answers = await under('main', 400);
  assert.deepEqual(countsOf(answers.map(servedBy)), { 'backup/1': 200 });
  t.diagnostic(`hung: ${JSON.stringify(causesOf(answers))}`);
});

test('the target fails every request', async (t) => {
  main.order('throw');
  const answers = await under('main');
  assert.deepEqual(countsOf(answers.map(servedBy)), { 'backup/1': 200 });
  t.diagnostic(`failing: ${JSON.stringify(causesOf(answers))}`);
});

test('the target is overloaded', async (t) => {
  const answers = await under('tiny');
  const counts = countsOf(answers.map(servedBy));
  assert.ok((counts['tiny/1'] ?? 0) > 0 && (counts['backup/1'] ?? 0) > 0, JSON.stringify(counts));
  t.diagnostic(`overloaded: ${JSON.stringify(counts)} ${JSON.stringify(causesOf(answers))}`);
});

test('the target cannot be loaded', async () => {
  const answers = await under('broken');
  assert.deepEqual(countsOf(answers.map(servedBy)), { 'main/1': 200 });
  const [cause] = Object.keys(causesOf(answers));
  assert.match(cause ?? '', /^broken not-ready \(MODEL_/);
  assert.equal((await fetch(`${url}/v2/models/safe-broken/ready`)).status, 200);
});

test('the last answer to an equal request, then a fixed one', async () => {
  const fresh = await askX(url, 'cached', 7);
  assert.deepEqual([servedBy(fresh), fresh.output('y')], ['main/1', [7]]);
  main.order('throw');
  const known = await askX(url, 'cached', 7);
  assert.deepEqual([servedBy(known), known.output('y')], ['cached', [7]]);
  assert.equal(known.headers.get('x-galley-fallback'), 'main error (MODEL_ERROR)');
  const fixed = await askX(url, 'cached', [8, 9, 10]);
  assert.deepEqual([servedBy(fixed), fixed.output('y')], ['answer', [-1, -1, -1]]);
  assert.match(fixed.text, /"datatype":"FP32","shape":\[3\]/);
  const simple = await fetch(`${url}/v1/models/cached:predict`, {
    method: 'POST',
    body: '{"instances": [5, 6]}',
  });
  assert.deepEqual([simple.status, await simple.json()], [200, { predictions: [-1, -1] }]);
  const { answeredOtherwise, fallbacks } = await routeView(url, 'cached');
  assert.deepEqual(answeredOtherwise, { cached: 1, answer: 2, refuse: 0 });
  assert.deepEqual(fallbacks, [{ target: 'main', cause: 'error', count: 3 }]);
});

test('a fixed answer without any target that is loaded', async () => {
  const asked = await askX(url, 'nothing', [1, 2]);
  assert.deepEqual([asked.status, servedBy(asked)], [200, 'answer'], asked.text);
  assert.deepEqual(
    [asked.output('y'), asked.output('why')],
    [
      [0.5, 0.5],
      ['no model', 'no model'],
    ],
  );
  assert.equal((await fetch(`${url}/v2/models/nothing/ready`)).status, 200);
});

test('a request that is wrong does not fall back', async () => {
  const before = JSON.stringify((await routeView(url, 'safe-main')).fallbacks);
  const wrong = await fetch(`${url}/v2/models/safe-main/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] }),
  });
  assert.deepEqual([wrong.status, wrong.headers.get('x-galley-fallback')], [400, null]);
  assert.equal(JSON.stringify((await routeView(url, 'safe-main')).fallbacks), before);
});

test('a client that disconnects cancels what runs, and nothing is attempted for it any more', async () => {
  main.order('hang');
  const tallyOf = async () =>
    (await routeView(url, 'safe-main')).targets.find(({ target }) => target === 'backup');
  const before = await tallyOf();
  const client = new AbortController();
  const asking: Asking = { signal: client.signal };
  const pending = askX(url, 'safe-main', 1, asking).catch(() => undefined);
  const inFlight = async () => metricOf(url, 'main', 'galley_in_flight_requests');
  await until('it runs', async () => (await inFlight()) === 1);
  client.abort();
  await pending;
  await until('it is cancelled', async () => (await inFlight()) === 0);
  main.order('serve');
  assert.deepEqual(await tallyOf(), before);
});

test('a classifier that hangs leaves time for the other target', async () => {
  main.order('hang');
  const startedAt = performance.now();
  const asked = await askX(url, 'judged', 3, { headers: { 'x-request-timeout-ms': String(DEADLINE_MS) } });
  assert.deepEqual([asked.status, servedBy(asked)], [200, 'backup/1'], asked.text);
  assert.ok(performance.now() - startedAt < DEADLINE_MS + SLACK_MS);
});

test('an attempt has the whole time where the chain leads only back to its target', async () => {
  const headers = { 'x-request-timeout-ms': '2000' };
  main.order('hang');
  const asking = askX(url, 'itself', 1, { headers });
  const since = performance.now();
  await until('more than half of the time has passed', () => performance.now() - since > 1_200);
  main.order('serve');
  const asked = await asking;
  assert.deepEqual([asked.status, servedBy(asked)], [200, 'main/1'], asked.text);
});

test('a shape that only claims many rows gets no fixed answer', async () => {
  const response = await fetch(`${url}/v2/models/nothing/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'zz', datatype: 'FP32', shape: [1_000_000_000, 0], data: [] }] }),
  });
  const { reason, error } = (await response.json()) as { reason: string; error: string };
  assert.deepEqual([response.status, reason], [400, 'BATCH_TOO_LARGE'], error);
});
