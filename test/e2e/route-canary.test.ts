import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer, type RunningServer } from '../../src/index.ts';
import type { Asked } from '../support/asking.ts';
import {
  askX,
  commandRoute,
  eachOf,
  routeView,
  servedBy,
  trafficDecisions,
} from '../support/route-asking.ts';
import { QUIET, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-canary-'));
let server: RunningServer;
let url = '';

before(async () => {
  writeSteeredModel(join(root, 'a', '1'));
  writeSteeredModel(join(root, 'a', '2'));
  writeSteeredModel(join(root, 'a', '3'), { fails: 'v % 100 < 3' });
  writeSteeredModel(join(root, 'a', '4'), { differs: 'v % 100 < 5' });
  writeSteeredModel(join(root, 'a', '5'), { fails: 'true' });
  writeSteeredModel(join(root, 'b', '1'), { ms: 50 });
  writeSteeredModel(join(root, 'b', '2'), { ms: 100 });
  const steps = [30, 100];
  // The test machine is busy at times: only the case of the slow version is about latency.
  const gates = { p99Ratio: 100 };
  const canary = (to: string, more: object = {}) => ({
    otherwise: { canary: { from: 'a/1', to, steps, every: '1s', minRequests: 50, gates, ...more } },
  });
  server = await createServer({
    settings: {
      ...{ port: 0, repository: root, log: { level: 'silent' }, defaults: QUIET },
      ...{
        models: { a: { versions: 'all' }, b: { versions: 'all', replicas: 2 } },
        routeStateFile: join(root, 'state.db'),
      },
      routes: {
        equal: canary('a/2', { steps: [20, 100], every: '1s', minRequests: 50 }),
        failing: canary('a/3', { minRequests: 1_000 }),
        'failing-safe': { ...canary('a/5', { gates: { ...gates, disagreement: 0.02 } }), fallback: ['a/1'] },
        differing: canary('a/4', { minRequests: 1_000, gates: { ...gates, disagreement: 0.02 } }),
        slow: {
          otherwise: {
            canary: { from: 'b/1', to: 'b/2', steps: [30, 100], every: '1h', gates: {} },
          },
        },
        byHand: canary('a/2', { every: '1h' }),
      },
    },
  });
  url = server.url;
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

/** A fixed sequence without a period that the shares could fall in step with. */
function numberAt(index: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Sends requests until the canary has ended. */
async function untilEnded(route: string, atOnce: number): Promise<readonly Asked[]> {
  const answers: Asked[] = [];
  for (;;) {
    const first = answers.length;
    answers.push(
      ...(await eachOf(50, atOnce, async (index) => askX(url, route, numberAt(first + index) % 1000))),
    );
    const { canary } = await routeView(url, route);
    if (canary?.phase !== 'running') return answers;
    assert.ok(answers.length < 20_000, `still ${canary.because}`);
  }
}

async function endOf(route: string): Promise<{ readonly action?: string; readonly because: string }> {
  return (await trafficDecisions(url, route)).at(-1) ?? { because: '' };
}

test('a version that fails 3 % of the requests is rolled back', async (t) => {
  const answers = await untilEnded('failing', 4);
  const harmed = answers.filter(({ status }) => status !== 200).length;
  const { action, because } = await endOf('failing');
  assert.equal(action, 'roll back', because);
  assert.match(because, /^errors: \d+ of \d+ requests failed, 0 % of the control's/);
  assert.ok(harmed < 60, `${harmed} harmed`);
  assert.equal((await routeView(url, 'failing')).canary?.share, 0);
  t.diagnostic(`failing 3 %: ${harmed} of ${answers.length} requests failed; ${because}`);
  const later = await eachOf(200, 4, async (index) => askX(url, 'failing', index));
  assert.ok(later.every((asked) => asked.status === 200 && servedBy(asked) === 'a/1'));
});

test('with a fallback, a version that fails is rolled back too, and no caller sees a failure', async (t) => {
  const answers = await untilEnded('failing-safe', 2);
  const saved = answers.filter(({ headers }) => headers.has('x-galley-fallback')).length;
  assert.ok(answers.every(({ status }) => status === 200));
  const { because } = await endOf('failing-safe');
  assert.match(because, /^errors: /);
  const view = await routeView(url, 'failing-safe');
  // A failed request of the canary, which the control answered in the end, says nothing about agreement.
  assert.ok((view.copies[0]?.results.alone ?? 0) > 0, JSON.stringify(view.copies));
  t.diagnostic(
    `failing, with a fallback: 0 of ${answers.length} failed, ${saved} by the fallback; ${because}`,
  );
});

test('a version that disagrees on 5 % of the requests is rolled back', async (t) => {
  const answers = await untilEnded('differing', 1);
  const harmed = answers.filter(({ output }, index) => output('y')?.[0] !== numberAt(index) % 1000);
  const { action, because } = await endOf('differing');
  assert.equal(action, 'roll back', because);
  assert.match(because, /^disagreement: \d+ of \d+ answers differ from the control's; 2 % are allowed/);
  assert.ok(harmed.length < 100, `${harmed.length} harmed`);
  t.diagnostic(`differing 5 %: ${harmed.length} of ${answers.length} answers differed; ${because}`);
});

test('a version that is twice as slow is rolled back', async (t) => {
  const answers = await untilEnded('slow', 2);
  const harmed = answers.filter((asked) => servedBy(asked) === 'b/2').length;
  const { action, because } = await endOf('slow');
  assert.equal(action, 'roll back', because);
  assert.match(because, /^p99Ratio: \d+ of \d+ answers took more than 1.5 times/);
  t.diagnostic(`twice as slow: ${harmed} of ${answers.length} answers came late; ${because}`);
});

test('an equal version is promoted, step by step', async (t) => {
  const answers = await untilEnded('equal', 4);
  assert.ok(answers.every(({ status }) => status === 200));
  const decisions = await trafficDecisions(url, 'equal');
  assert.deepEqual(
    decisions.map(({ action, share }) => [action, share]),
    [
      ['advance', 100],
      ['promote', 100],
    ],
  );
  assert.match(decisions[1]?.because ?? '', /^all gates hold after \d+ requests in \d+ s at 100 %$/);
  assert.equal(servedBy(await askX(url, 'equal', 1)), 'a/2');
  t.diagnostic(`equal: promoted after ${answers.length} requests`);
});

test('an operator pauses, resumes, promotes and rolls back', async () => {
  const phase = async () => {
    const { canary } = await routeView(url, 'byHand');
    return `${canary?.phase} ${canary?.share}`;
  };
  const command = async (action: string) => (await commandRoute(url, 'byHand', action)).status;
  assert.equal(await phase(), 'running 30');
  assert.deepEqual([await command('pause'), await phase()], [200, 'paused 30']);
  assert.deepEqual(
    [await command('pause'), await command('resume'), await phase()],
    [409, 200, 'running 30'],
  );
  assert.deepEqual(
    [await command('resume'), await command('promote'), await phase()],
    [409, 200, 'promoted 100'],
  );
  assert.equal(servedBy(await askX(url, 'byHand', 1)), 'a/2');
  assert.deepEqual([await command('rollback'), await phase()], [200, 'rolled back 0']);
  assert.equal(servedBy(await askX(url, 'byHand', 1)), 'a/1');
  assert.deepEqual([await command('resume'), await phase()], [200, 'running 30']);
  const said = (await trafficDecisions(url, 'byHand')).map(({ action }) => action);
  assert.deepEqual(said, ['pause', 'resume', 'promote', 'roll back', 'resume']);
  await until('the metrics tell the share', async () =>
    (await (await fetch(`${url}/metrics`)).text()).includes(
      'galley_route_share{route="byHand",rule="otherwise",target="a/2"} 0.3',
    ),
  );
});
