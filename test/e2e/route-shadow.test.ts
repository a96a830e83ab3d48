import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import { metric } from '../support/asking.ts';
import { askX, eachOf, type RouteView, routeView, servedBy } from '../support/route-asking.ts';
import { QUIET, type SteeredModel, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-shadow-'));
let shadow: SteeredModel;
let server: RunningServer;
let url = '';

before(async () => {
  writeSteeredModel(join(root, 'a', '1'), { ms: 2 });
  shadow = writeSteeredModel(join(root, 'a', '2'), { differs: 'v % 5 === 0' });
  server = await createServer({
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' }, defaults: QUIET },
      models: { a: { versions: 'all' } },
      routes: {
        watched: { otherwise: 'a/1', shadow: { to: 'a/2', maxInFlight: 3 } },
        half: { otherwise: 'a/1', shadow: { to: 'a/2', share: 0.5, compare: { by: 'exact' } } },
      },
    },
  });
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

type Results = RouteView['copies'][number]['results'];

async function resultsOf(route: string): Promise<Results> {
  const [copies] = (await routeView(url, route)).copies;
  assert.equal(copies?.target, 'a/2');
  return copies.results;
}

/** Sends requests one after the other, all of which the original must answer; returns the median of their times. */
async function ask(route: string, count: number): Promise<number> {
  const times = await eachOf(count, 1, async (index) => {
    const startedAt = performance.now();
    const asked = await askX(url, route, index);
    assert.deepEqual([asked.status, servedBy(asked), asked.output('y')], [200, 'a/1', [index]]);
    return performance.now() - startedAt;
  });
  return times.sort((one, other) => one - other)[count >> 1] as number;
}

function sumOf(results: Results): number {
  return Object.values(results).reduce((sum, each) => sum + each, 0);
}

let usualMs = 0;

test('copies are compared with the answers to their originals', async () => {
  usualMs = await ask('watched', 100);
  const results = await until('all copies have ended', async () => {
    const now = await resultsOf('watched');
    return sumOf(now) === 100 && now;
  });
  const { agreed, differed, failed, alone } = results;
  assert.deepEqual([failed, alone], [0, 0]);
  assert.ok(agreed > 3 * differed && differed > 0, JSON.stringify(results));
  const [copies] = (await routeView(url, 'watched')).copies;
  assert.match(copies?.lastDifference ?? '', /^output 'y' has \d+ and \d+ at element 0$/);
  const counted = await metric(url, 'galley_route_copies_total', /route="watched".*result="differed"/);
  assert.equal(counted, differed);
});

test('a share of the requests is copied', async () => {
  await ask('half', 40);
  await until('20 copies have ended', async () => sumOf(await resultsOf('half')) === 20);
});

test('a shadow that fails does not concern the original', async () => {
  const before = await resultsOf('watched');
  shadow.order('throw');
  const ms = await ask('watched', 50);
  await until('all copies have ended', async () => sumOf(await resultsOf('watched')) === sumOf(before) + 50);
  const after = await resultsOf('watched');
  assert.ok(after.failed > 0, JSON.stringify(after));
  assert.ok(ms < 3 * usualMs + 20, `${ms} ms, usually ${usualMs} ms`);
  shadow.order('serve');
});

test('a shadow that hangs delays nothing, and few copies wait for it', async (t) => {
  await until(
    'the shadow serves',
    async () => (await fetch(`${url}/v2/models/a/versions/2/ready`)).status === 200,
  );
  const before = await resultsOf('watched');
  shadow.order('hang');
  const ms = await ask('watched', 100);
  const now = await resultsOf('watched');
  assert.ok(sumOf(before) + 100 - sumOf(now) <= 3, JSON.stringify(now));
  assert.ok(now.skipped >= before.skipped + 97, JSON.stringify(now));
  assert.ok(ms < 3 * usualMs + 20, `${ms} ms, usually ${usualMs} ms`);
  t.diagnostic(`median of the original: ${usualMs.toFixed(1)} ms, with a hung shadow ${ms.toFixed(1)} ms`);
  shadow.order('serve');
});
