import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { askX, countsOf, eachOf, routeView, servedBy } from '../support/route-asking.ts';
import { RunningServer } from '../support/running-server.ts';
import { QUIET, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-reload-'));
after(() => {
  RunningServer.endAll();
  rmSync(root, { recursive: true });
});
const FILE = join(root, 'galley.yaml');
writeSteeredModel(join(root, 'models', 'a', '1'));
writeSteeredModel(join(root, 'models', 'a', '2'), { slow: 'v === 3', slowMs: 100 });

/** JSON is YAML. */
function writeSettings(routes: object, models: object = {}): void {
  const settings = { defaults: QUIET, models: { a: { versions: 'all' }, ...models }, routes };
  writeFileSync(FILE, JSON.stringify(settings, null, 1));
}

const EXPERIMENT = {
  otherwise: { split: { 'a/1': 1, 'a/2': 1 }, experiment: { control: 'a/1', minOutcomes: 50 } },
};
const CANARY = { otherwise: { canary: { from: 'a/1', to: 'a/2', steps: [50, 100], every: '1h' } } };
const half = (weight: number) => ({ otherwise: { split: { 'a/1': 1, 'a/2': weight } } });

async function answersOf(
  url: string,
  route: string,
  count: number,
): Promise<Readonly<Record<string, number>>> {
  return countsOf((await eachOf(count, 4, async () => askX(url, route, 1))).map(servedBy));
}

async function report(url: string, requestId: string | null): Promise<number> {
  const response = await fetch(`${url}/v1/feedback`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ requestId, value: 1 }),
  });
  return response.status;
}

async function outcomesOf(url: string): Promise<readonly number[] | undefined> {
  return (await routeView(url, 'tried')).experiment?.variants.map(({ count }) => count);
}

test('SIGHUP applies changed routes; an unchanged experiment goes on; a broken route changes nothing', async () => {
  writeSettings({ half: half(1), tried: EXPERIMENT, grown: CANARY });
  const server = await RunningServer.start([FILE]);
  const { url } = server;
  assert.deepEqual(await answersOf(url, 'half', 20), { 'a/1': 10, 'a/2': 10 });
  const asked = await eachOf(3, 1, async () => askX(url, 'tried', 1));
  const [one = null, two = null, three = null] = asked.map(({ headers }) =>
    headers.get('x-galley-request-id'),
  );
  assert.equal(await report(url, one), 204);

  writeSettings({ half: half(3), tried: EXPERIMENT, grown: CANARY, added: { otherwise: 'a/2' } });
  server.kill('SIGHUP');
  await until('the new route answers', async () => (await askX(url, 'added', 1)).status === 200);
  assert.deepEqual(await answersOf(url, 'half', 20), { 'a/1': 5, 'a/2': 15 });
  assert.deepEqual(await outcomesOf(url), [1, 0]);
  assert.equal(await report(url, two), 204);

  writeSettings({ half: half(3), tried: { otherwise: 'a/9' } });
  server.kill('SIGHUP');
  await until('the mistake is told', () => /settings not reloaded/.test(server.output.stderr));
  assert.match(server.output.stderr, /routes\.tried\.otherwise.* leads to 'a\/9'/);
  assert.equal((await askX(url, 'added', 1)).status, 200);

  // Another part of its route changes: the experiment is the same, with the answers that wait for a value.
  writeSettings({ half: half(3), grown: CANARY, tried: { ...EXPERIMENT, fallback: ['a/2'] } });
  server.kill('SIGHUP');
  await until('the route is gone', async () => (await askX(url, 'added', 1)).status === 404);
  assert.deepEqual(await outcomesOf(url), [1, 1]);
  assert.equal(await report(url, three), 204);
  await server.stop();
});

test('routes that lead to a new model are applied when it is served, and not at all when it cannot be', async () => {
  writeSettings({ half: half(1) });
  const server = await RunningServer.start([FILE]);
  const { url } = server;
  const late = join(root, 'models', 'late', '1');
  mkdirSync(late, { recursive: true });
  writeFileSync(join(late, 'model.mjs'), 'export default 1;');
  writeSettings({ half: { otherwise: 'late' } });
  server.kill('SIGHUP');
  await until('the reload is told', () => /routes not changed/.test(server.output.stderr));
  assert.match(server.output.stderr, /leads to 'late'/);
  assert.match(servedBy(await askX(url, 'half', 1)) ?? '', /^a\//);
  writeSteeredModel(late);
  server.kill('SIGHUP');
  await until('the route leads to it', async () => servedBy(await askX(url, 'half', 1)) === 'late/1');
  await server.stop();
  rmSync(join(root, 'models', 'late'), { recursive: true });
});

test('metrics count what routes do, and a run with routes replays', async () => {
  writeSettings({
    half: half(1),
    quick: { otherwise: 'a/2', hedge: { to: 'a/1', afterMs: 20, budget: 1 } },
    late: { otherwise: 'a/2', fallback: [{ cached: {} }, 'a/1'], attemptShare: 0.1 },
    seen: { ...CANARY, shadow: { to: 'a/2' } },
  });
  const server = await RunningServer.start([FILE]);
  const { url } = server;
  await answersOf(url, 'half', 40);
  await answersOf(url, 'seen', 40);
  const hedged = await eachOf(6, 2, async () => askX(url, 'quick', 3));
  assert.ok(hedged.every(({ status }) => status === 200));
  const headers = { 'x-request-timeout-ms': '400' };
  const late = await eachOf(6, 2, async () => askX(url, 'late', 3, { headers }));
  assert.ok(late.every((asked) => ['a/1', 'cached'].includes(servedBy(asked) ?? '')));
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of [
    /^galley_route_requests_total\{route="half",target="a\/1",outcome="ok"\} 20$/m,
    /^galley_route_duration_seconds_count\{route="half",target="a\/2"\} 20$/m,
    /^galley_route_rules_total\{route="half",rule="otherwise"\} 40$/m,
    /^galley_route_fallbacks_total\{route="late",target="a\/2",cause="deadline"\} [1-6]$/m,
    /^galley_route_hedges_total\{route="quick",result="won"\} [1-6]$/m,
    /^galley_route_copies_total\{route="seen",target="a\/2",purpose="shadow",result="agreed"\} \d+$/m,
    /^galley_route_share\{route="half",rule="otherwise",target="a\/2"\} 0.5$/m,
  ]) {
    assert.match(text, line);
  }
  // Its end replays the recording.
  await server.stop();
});
