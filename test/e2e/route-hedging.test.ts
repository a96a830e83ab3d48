import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { metricOf } from '../support/asking.ts';
import { askX, countsOf, eachOf, routeView, servedBy } from '../support/route-asking.ts';
import { QUIET, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const SLOW_MS = 300;
const root = mkdtempSync(join(tmpdir(), 'galley-route-hedging-'));
let server: RunningServer;
let url = '';

before(async () => {
  writeSteeredModel(join(root, 'jumpy', '1'), { slow: 'v % 10 === 3', slowMs: SLOW_MS });
  writeSteeredModel(join(root, 'even', '1'));
  writeSteeredModel(join(root, 'tardy', '1'), { ms: 1_000 });
  const split = { jumpy: 1, even: 1 };
  server = await createServer({
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' }, defaults: QUIET },
      ...{ models: { jumpy: { replicas: 2 } }, routeStateFile: join(root, 'state.db') },
      routes: {
        quick: { otherwise: 'jumpy', hedge: { to: 'even', afterMs: 50, budget: 0.3 } },
        tight: { otherwise: 'jumpy', hedge: { to: 'even', afterMs: 20, budget: 0.1 } },
        vain: { otherwise: 'jumpy', hedge: { to: 'tardy', afterMs: 20, budget: 1 } },
        measured: {
          otherwise: { split, experiment: { control: 'even' } },
          hedge: { to: 'even', afterMs: 20, budget: 1 },
        },
      },
    },
  });
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function inFlight(model: string): Promise<number> {
  return metricOf(url, model, 'galley_in_flight_requests');
}

test('a second attempt answers where the first is slow', async () => {
  const answers = await eachOf(50, 1, async (index) => {
    const startedAt = performance.now();
    const asked = await askX(url, 'quick', index);
    return { asked, ms: performance.now() - startedAt };
  });
  assert.ok(answers.every(({ asked }, index) => asked.status === 200 && asked.output('y')?.[0] === index));
  const slow = answers.filter((_, index) => index % 10 === 3);
  assert.deepEqual(countsOf(slow.map(({ asked }) => servedBy(asked))), { 'even/1': 5 });
  assert.ok(
    slow.every(({ ms }) => ms < SLOW_MS),
    JSON.stringify(slow.map(({ ms }) => ms)),
  );
  const { hedges } = await routeView(url, 'quick');
  assert.ok(hedges.won >= 5, JSON.stringify(hedges));
  await until('the losers are cancelled', async () => (await inFlight('jumpy')) === 0);
});

test('second attempts are at most a share of the requests', async () => {
  const answers = await eachOf(16, 2, async () => askX(url, 'tight', 3));
  const counts = countsOf(answers.map(servedBy));
  const { hedges } = await routeView(url, 'tight');
  // One at the start, and 10 % of 16.
  assert.ok(hedges.won >= 1 && hedges.won <= 2, JSON.stringify(hedges));
  assert.deepEqual(counts, { 'jumpy/1': 16 - hedges.won, 'even/1': hedges.won });
  assert.equal(hedges.unaffordable, 16 - hedges.won);
});

test('the first attempt may still win; the second is then cancelled', async () => {
  const asked = await askX(url, 'vain', 3);
  assert.deepEqual([asked.status, servedBy(asked)], [200, 'jumpy/1']);
  assert.deepEqual((await routeView(url, 'vain')).hedges, { won: 0, lost: 1, failed: 0, unaffordable: 0 });
  await until('it is cancelled', async () => (await inFlight('tardy')) === 0);
});

test('a value can be reported only for the answer of the variant itself', async () => {
  const ids: (readonly [string | null, string | null])[] = [];
  for (let index = 0; index < 4; index++) {
    const asked = await askX(url, 'measured', 3, { id: `ask-${index}` });
    ids.push([servedBy(asked), asked.headers.get('x-galley-request-id')]);
  }
  assert.deepEqual(
    ids.map(([, id]) => id).filter((id) => id !== null),
    ['ask-1', 'ask-3'],
    JSON.stringify(ids),
  );
});
