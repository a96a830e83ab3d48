import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { httpStatusOf, isRefusal, retryAfterMsOf } from '../../src/base/errors.ts';
import { evidenceOf } from '../../src/health/quarantine-policy.ts';
import type { SimulatedBatch, SimulatedResult } from '../../src/simulate/backends/simulated-behaviour.ts';
import type { LossCause } from '../../src/work/outcome.ts';
import { bears, setUp } from '../support/simulated-version.ts';

/** Executes the tables of docs/health.md on simulated replicas. */
const TEXT = readFileSync(new URL('../../../docs/health.md', import.meta.url), 'utf8');

/** The cells of the table whose first heading is this, by row. */
function tableOf(heading: string): string[][] {
  const lines = TEXT.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} `));
  assert.notEqual(start, -1, heading);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((text) => text.trim()),
  );
}

const [FAILING, PASSING, LATER] = [9, 1, 2];
type Version = ReturnType<typeof setUp>;

/** The outcome of a request: a status, and the reason code of a refusal. */
function told({ outcomes }: Version, id: number): string {
  const [outcome] = outcomes.get(id) ?? [];
  if (outcome === undefined) return 'nothing';
  if (!isRefusal(outcome)) return '200';
  const status = httpStatusOf(outcome.reason);
  if (status === 422) assert.equal(retryAfterMsOf(outcome), undefined);
  return `${status} ${outcome.reason}`;
}

/** The failing input in one batch with a passing one, then alone as often as the row says. */
function live(result: SimulatedResult, settings: object, again: number) {
  const it = setUp(
    { replicas: 2, batching: { maxBatchSize: 2, maxWaitMs: 5 }, ...settings },
    { result: (batch: SimulatedBatch) => (bears(batch, FAILING) ? result : { kind: 'answer' }) },
  );
  // Batches of two, whose service time is known.
  for (let id = 100; id < 120; id++) {
    it.submit(id, { mark: LATER });
    if (id % 2 === 1) it.clock.advance(50);
  }
  it.submit(0, { mark: FAILING });
  it.submit(1, { mark: PASSING });
  it.clock.advance(70_000);
  const request = [told(it, 0)];
  for (let id = 2; id < 2 + again; id++) {
    it.submit(id, { mark: FAILING });
    it.clock.advance(70_000);
    request.push(told(it, id));
  }
  return { request, neighbour: [told(it, 1)] };
}

/** Both requests run when the replica fails. */
function interrupted(happens: (it: Version) => void) {
  const it = setUp({ replicas: 1, batching: { maxBatchSize: 2, maxWaitMs: 5 } }, { serviceMs: () => 50 });
  it.submit(0);
  it.submit(1, { mark: PASSING });
  it.clock.advance(20);
  happens(it);
  it.clock.advance(70_000);
  return { request: [told(it, 0)], neighbour: [told(it, 1)] };
}

const OWN_TIME = { timeoutMs: 20_000 };
const WATCHED = { health: { watchdogMs: 1_000, readiness: { enabled: false } } };
const DIES = { kind: 'die', code: 0, signal: null } as const;

/** The scenario of each row. */
const ROWS: Readonly<Record<string, () => { request: string[]; neighbour: string[] }>> = {
  'a replica is killed or recycled': () =>
    interrupted(({ spawner }) => spawner.children.get('m/1#0')?.end(null, 'SIGKILL')),
  'an input ends its replica (`crash`, `protocol`, `out of memory`)': () => live(DIES, {}, 1),
  'an input hangs until its own timeout has passed': () => live({ kind: 'hang' }, OWN_TIME, 1),
  'an input is slower than `watchdogMs`': () => live({ kind: 'hang' }, WATCHED, 1),
  'an input ends its replica for an unclear cause (`killed`, `stopped`)': () =>
    live({ kind: 'die', code: null, signal: 'SIGKILL' }, {}, 1),
  'code of the model ends the replica after its answer': () =>
    live({ kind: 'late error', afterMs: 3 }, {}, 1),
  'the model throws': () => live({ kind: 'throw', message: 'no' }, {}, 0),
  'NaN in the answer, where `outputs.finite` forbids it': () =>
    live({ kind: 'refuse members', members: [0] }, {}, 0),
  'three replicas ended around it, nothing proved': () =>
    interrupted((it) => {
      for (let run = 0; run < 3; run++) {
        while (it.version.path.roster.view('m/1#0')?.running !== 1) it.clock.advance(5);
        it.version.supervisor.kill('m/1#0', 'ended', 'ended by the test');
        it.clock.advance(1);
      }
    }),
  'no replica is available': () => {
    const it = setUp(
      { replicas: 1, health: { restart: { maxFailures: 1 } } },
      { load: (_, incarnation) => (incarnation === 1 ? { kind: 'loaded', afterMs: 0 } : { kind: 'hang' }) },
    );
    it.spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
    it.clock.advance(10);
    for (const id of [0, 1]) it.submit(id);
    return { request: [told(it, 0)], neighbour: [told(it, 1)] };
  },
};

const rows = tableOf('what happens');

test('every row of the table of client outcomes has a scenario, and no other exists', () => {
  assert.deepEqual(
    rows.map(([what]) => what),
    Object.keys(ROWS),
  );
});

for (const [what = '', request = '', neighbour = ''] of rows) {
  test(`docs/health.md: ${what}`, () => {
    const promised = (text: string) =>
      [...text.matchAll(/\b(\d{3})(?: `([A-Z_]+)`)?(?! s)/g)].map(([, status, reason]) =>
        reason === undefined ? status : `${status} ${reason}`,
      );
    const seen = ROWS[what]?.();
    assert.deepEqual(seen?.request, promised(request));
    assert.deepEqual(seen?.neighbour, promised(neighbour));
  });
}

test('the table of causes lists every cause with its evidence', () => {
  const causes: Record<LossCause, true> = {
    ...{ crash: true, protocol: true, 'out of memory': true, killed: true, stopped: true },
    ...{ watchdog: true, 'late error': true, ended: true, left: true, 'not started': true },
  };
  const said = tableOf('cause').map(([cause = '', , evidence = '']) => [cause, evidence]);
  assert.deepEqual(
    said,
    (Object.keys(causes) as LossCause[]).map((cause) => [`\`${cause}\``, `\`${evidenceOf(cause)}\``]),
  );
});

test('the documented watchdog limits hold: the usual limit, and the whole timeout for isolated requests', () => {
  const [, , watchdog = ''] = tableOf('check').find(([name]) => name === '**watchdog**') ?? [];
  assert.match(watchdog, /5 s, or ten times.*or `watchdogMs`; what is new or runs alone: its whole timeout/);
  const it = setUp(
    { replicas: 1, timeoutMs: 20_000 },
    { result: (batch: SimulatedBatch) => (bears(batch, FAILING) ? { kind: 'hang' } : { kind: 'answer' }) },
  );
  for (let id = 10; id < 20; id++) {
    it.submit(id, { mark: LATER });
    it.clock.advance(50);
  }
  it.submit(0, { mark: FAILING });
  const incarnation = () => it.version.supervisor.replicas()[0]?.incarnation;
  it.clock.advance(4_900);
  assert.equal(incarnation(), 1);
  it.clock.advance(200);
  assert.equal(incarnation(), 2);
  it.clock.advance(19_700);
  assert.equal(incarnation(), 2);
  it.clock.advance(400);
  assert.equal(incarnation(), 3);
});
