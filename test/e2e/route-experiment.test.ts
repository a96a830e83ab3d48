import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import {
  askX,
  commandRoute,
  countsOf,
  eachOf,
  routeView,
  servedBy,
  trafficDecisions,
} from '../support/route-asking.ts';
import { QUIET, writeSteeredModel } from '../support/steered-model.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-experiment-'));
const STATE = join(root, 'state.db');
let server: RunningServer;
let url = '';

async function start(routeStateFile: string): Promise<RunningServer> {
  const split = { 'a/1': 1, 'a/2': 1 };
  const experiment = { control: 'a/1', minOutcomes: 50 };
  return createServer({
    settings: {
      ...{ port: 0, repository: join(root, 'models'), log: { level: 'silent' }, defaults: QUIET },
      ...{ models: { a: { versions: 'all' } }, routeStateFile },
      routes: {
        asked: { otherwise: { split, experiment } },
        decided: { otherwise: { split, experiment: { ...experiment, whenDecided: 'promote' } } },
        learned: { otherwise: { split, experiment: { ...experiment, allocation: 'thompson' } } },
        safe: { otherwise: { split, experiment }, fallback: [{ answer: { y: 0 } }] },
      },
    },
  });
}

const second = writeSteeredModel(join(root, 'models', 'a', '2'));
before(async () => {
  writeSteeredModel(join(root, 'models', 'a', '1'));
  server = await start(STATE);
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function report(requestId: unknown, value: unknown): Promise<number> {
  const response = await fetch(`${url}/v1/feedback`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ requestId, value }),
  });
  return response.status;
}

/** Asks, and reports 1 for most answers of a/2 and for few of a/1. Returns what answered. */
async function judge(route: string, count: number): Promise<readonly (string | null)[]> {
  return eachOf(count, 4, async (index) => {
    const asked = await askX(url, route, index);
    const by = servedBy(asked);
    const value = by === 'a/2' ? index % 10 !== 0 : index % 10 === 1;
    assert.equal(await report(asked.headers.get('x-galley-request-id'), value), 204);
    return by;
  });
}

async function countOf(route: string, variant: string): Promise<number> {
  const { experiment } = await routeView(url, route);
  return experiment?.variants.find((each) => each.variant === variant)?.count ?? -1;
}

test('a value is taken once, by the id of the answer or by that of the caller', async () => {
  const asked = await askX(url, 'asked', 1);
  const id = asked.headers.get('x-galley-request-id') ?? '';
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.deepEqual([await report(id, 0.5), await report(id, 0.5)], [204, 404]);
  const own = await askX(url, 'asked', 1, { headers: { 'x-request-id': 'order/17' } });
  assert.equal(own.headers.get('x-galley-request-id'), 'order/17');
  assert.deepEqual([await report('order/17', false), await report('order/17', true)], [204, 404]);
  await askX(url, 'asked', 1, { id: 'in-the-body' });
  assert.equal(await report('in-the-body', 1), 204);
  assert.deepEqual(
    [await report('', 1), await report('x', 'much'), await report('x', null)],
    [400, 400, 400],
  );
  assert.equal((await countOf('asked', 'a/1')) + (await countOf('asked', 'a/2')), 3);
});

test('the answer of a fallback is not credited to the variant that failed', async () => {
  second.order('throw');
  const answers = await eachOf(4, 1, async () => askX(url, 'safe', 1));
  second.order('serve');
  const ids = answers.map((asked) => [servedBy(asked), asked.headers.has('x-galley-request-id')]);
  assert.deepEqual(ids, [
    ['a/1', true],
    ['answer', false],
    ['a/1', true],
    ['answer', false],
  ]);
});

test('the conclusion is told in words; the operator decides', async () => {
  const undecided = (await routeView(url, 'asked')).experiment?.conclusion ?? '';
  assert.match(undecided, /^undecided: a\/1 has \d+, a\/2 has \d+ of 50 reported values$/);
  await judge('asked', 300);
  const { experiment } = await routeView(url, 'asked');
  assert.deepEqual([experiment?.winner, experiment?.phase], ['a/2', 'running']);
  assert.match(
    experiment?.conclusion ?? '',
    /^a\/2 is better than a\/1 by 0\.\d+, at least by 0\.\d+ \(at 95 % confidence\)$/,
  );
  const [told] = await trafficDecisions(url, 'asked');
  assert.equal(told?.action, 'conclusion');
  assert.equal((await commandRoute(url, 'asked', 'promote?variant=a/3')).status, 400);
  assert.equal((await commandRoute(url, 'asked', 'promote')).status, 200);
  const later = await eachOf(20, 2, async () => askX(url, 'asked', 1));
  assert.deepEqual(countsOf(later.map(servedBy)), { 'a/2': 20 });
  assert.equal((await commandRoute(url, 'asked', 'rollback')).status, 200);
  assert.equal(servedBy(await askX(url, 'asked', 1)), 'a/1');
  assert.equal((await commandRoute(url, 'asked', 'resume')).status, 200);
});

test('whenDecided: promote moves all traffic; thompson moves most of it', async (t) => {
  const decided = await judge('decided', 400);
  const at = decided.lastIndexOf('a/1');
  assert.ok(at > 50 && at < 300, `the last request of a/1 was ${at}`);
  assert.equal((await routeView(url, 'decided')).experiment?.phase, 'promoted');
  const learned = countsOf(await judge('learned', 400));
  assert.ok((learned['a/2'] ?? 0) > 2 * (learned['a/1'] ?? 0), JSON.stringify(learned));
  t.diagnostic(`promoted after ${at + 1} requests; thompson: ${JSON.stringify(learned)}`);
});

test('outcomes survive a restart', async () => {
  const before = await routeView(url, 'decided');
  await server.stop();
  server = await start(STATE);
  url = server.url;
  const { experiment } = await routeView(url, 'decided');
  assert.deepEqual([experiment?.phase, experiment?.winner], ['promoted', 'a/2']);
  assert.deepEqual(
    experiment?.variants.map(({ variant, count, mean }) => [variant, count, mean]),
    before.experiment?.variants.map(({ variant, count, mean }) => [variant, count, mean]),
  );
  assert.equal(servedBy(await askX(url, 'decided', 1)), 'a/2');
});

test('a state file that cannot be used is told, and serving goes on without it', async () => {
  await server.stop();
  const corrupt = join(root, 'corrupt.db');
  writeFileSync(
    corrupt,
    'this is no database, but a text that is longer than the header of one. '.repeat(50),
  );
  for (const file of [corrupt, join(corrupt, 'below', 'a-file.db'), '/proc/galley.db']) {
    server = await start(file);
    url = server.url;
    await judge('decided', 20);
    const { stateProblem } = (await (await fetch(`${url}/admin/routes`)).json()) as { stateProblem: string };
    assert.ok(stateProblem?.startsWith(file), String(stateProblem));
    assert.equal((await routeView(url, 'decided')).experiment?.variants[0]?.count, 10);
    if (file !== '/proc/galley.db') await server.stop();
  }
});
