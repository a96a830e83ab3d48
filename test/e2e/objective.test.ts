import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Asked, ask, metricOf } from '../support/asking.ts';
import { replicaProcesses } from '../support/processes.ts';
import { galley, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-objective-'));
after(() => rmSync(root, { recursive: true }));
let files = 0;

/** A model that takes 20 ms for a batch of any size and needs no core for it. */
const RESTING = join(root, 'resting');
mkdirSync(RESTING);
writeFileSync(
  join(RESTING, 'model.mjs'),
  `import { defineModel } from 'galley';
   const x = { name: 'x', datatype: 'FP32', shape: [-1] };
   const pause = new Int32Array(new SharedArrayBuffer(4));
   export default defineModel({ inputs: [x], outputs: [x],
     predict({ x }) { Atomics.wait(pause, 0, 0, 20); return { x }; } });`,
);

function settingsFile(models: Readonly<Record<string, string>>): string {
  const file = join(root, `${files++}.yaml`);
  // Probes would disturb the measured times.
  const more = `path: ${RESTING}, health: {readiness: {enabled: false}, restart: {maxFailures: 2, initialDelayMs: 10, maxDelayMs: 20}}`;
  const lines = Object.entries(models).map(([name, own]) => `  ${name}: {${more}, ${own}}`);
  writeFileSync(file, `models:\n${lines.join('\n')}\n`);
  return file;
}

async function askRow(
  url: string,
  model: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  return ask(url, model, { name: 'x', datatype: 'FP32', data: [1] }, { headers });
}

interface Explanation {
  readonly queueMs: number;
  readonly batchReason: string;
}

async function explained(url: string, model: string): Promise<Explanation> {
  const { status, headers, text } = await askRow(url, model, { 'x-galley-explain': '1' });
  assert.equal(status, 200, text);
  return JSON.parse(headers.get('x-galley-explain') ?? '') as Explanation;
}

interface Lane {
  readonly lane: string;
  readonly batches: number;
  readonly serviceMs: Readonly<Record<string, number>>;
  readonly targetRows?: number;
  readonly rowsWithinObjective?: number | null;
  readonly capacityPerSecond?: number;
}

interface Batching {
  readonly objective: object | null;
  readonly goal: string;
  readonly maxBatchSize: number;
  readonly lanes: readonly Lane[];
}

async function makeBatching(url: string, model: string): Promise<Batching> {
  const response = await fetch(`${url}/admin/models/${model}`);
  const { versions } = (await response.json()) as { versions: { batching: Batching }[] };
  return versions[0]?.batching as Batching;
}

function logOf({ output }: RunningServer): string {
  return output.stdout + output.stderr;
}

test('a model with an objective serves, and the admin API shows how its batches are planned', async () => {
  const server = await RunningServer.start([
    settingsFile({
      planned: 'objective: {latencyMs: 400, percentile: 95}, batching: {maxBatchSize: 8}',
      unpractised: 'objective: {latencyMs: 400}, warmup: {enabled: false}',
      free: 'warmup: {enabled: false}',
      saving: 'objective: {latencyMs: 400}, goal: efficiency, batching: {maxBatchSize: 8}',
    }),
  ]);
  const { url } = server;
  assert.equal((await askRow(url, 'planned')).status, 200);
  const { objective, goal, maxBatchSize, lanes } = await makeBatching(url, 'planned');
  assert.deepEqual([objective, goal, maxBatchSize], [{ latencyMs: 400, percentile: 95 }, 'latency', 8]);
  assert.equal(lanes.length, 1);
  const [lane] = lanes;
  assert.ok(lane !== undefined);
  assert.deepEqual(Object.keys(lane.serviceMs), ['1', '2', '4', '8']);
  for (const ms of Object.values(lane.serviceMs)) assert.ok(ms >= 19 && ms < 400, `${ms}`);
  const { targetRows = 0, capacityPerSecond = 0 } = lane;
  // A batch of eight takes as long as one row, so it pays to fill it.
  assert.ok(targetRows > 4 && targetRows <= 8, `${targetRows}`);
  assert.ok(capacityPerSecond > 0 && capacityPerSecond <= (1000 * targetRows) / 19, `${capacityPerSecond}`);
  assert.ok(capacityPerSecond > (990 * targetRows) / Number(lane.serviceMs['8']));
  assert.equal(await metricOf(url, 'planned', 'galley_batch_target_rows'), targetRows);
  assert.ok((await metricOf(url, 'planned', 'galley_objective_total')) >= 1);

  // Without warmup the plan is learned from the requests.
  for (const known of (await makeBatching(url, 'unpractised')).lanes)
    assert.equal(known.targetRows, undefined);
  await until('the plan has been learned', async () => {
    assert.equal((await askRow(url, 'unpractised')).status, 200);
    return (await makeBatching(url, 'unpractised')).lanes[0]?.targetRows !== undefined;
  });
  assert.deepEqual((await makeBatching(url, 'free')).objective, null);

  assert.equal((await explained(url, 'planned')).batchReason, 'idle');
  const { batchReason, queueMs } = await explained(url, 'saving');
  assert.equal(batchReason, 'slack');
  assert.ok(queueMs > 100 && queueMs < 400, `${queueMs}`);
  await server.stop();
});

for (const [latencyMs, text] of [
  ['5', '5'],
  ['1.0e-6', '0.000001'],
] as const) {
  test(`an objective of ${latencyMs} ms that no batch can meet fails the start with the numbers`, async () => {
    const before = replicaProcesses();
    const file = settingsFile({ late: `objective: {latencyMs: ${latencyMs}}` });
    const ended = await galley(['serve', file, '--strict', '--port', '0', '--log-level', 'silent']);
    await until('no child is left', () => replicaProcesses().every((pid) => before.includes(pid)));
    assert.equal(ended.code, 1, ended.stdout);
    assert.match(ended.stderr, /model 'late\/1' cannot be served: 2 processes in a row ended/);
    const numbers = /objective\.latencyMs (\S+) cannot be met: one row takes ([\d.]+) ms/.exec(ended.stderr);
    assert.equal(numbers?.[1], text, ended.stderr);
    assert.ok(Number(numbers?.[2]) >= 19, ended.stderr);
    assert.match(ended.stderr, /Increase it, increase threads, or use a smaller model/);
    assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
  });
}

test('explicit settings that cannot meet the objective are kept, with a warning that shows the calculation', async () => {
  const server = await RunningServer.start([
    settingsFile({
      explicit: 'objective: {latencyMs: 150}, batching: {maxWaitMs: 200, maxBatchSize: 4}',
      modest: 'objective: {latencyMs: 5000}, batching: {maxWaitMs: 200, maxBatchSize: 4}',
    }),
    '--log-level',
    'warn',
  ]);
  const log = logOf(server);
  assert.match(
    log,
    /model 'explicit': batching\.maxWaitMs \(200\) is not below objective\.latencyMs \(150\): a single request misses the objective before it runs/,
  );
  const sum =
    /maxWaitMs 200 and batches of 4 do not meet objective\.latencyMs 150: 200 ms of waiting, up to (\d+) ms behind a running batch and (\d+) ms for its own batch add up to (\d+) ms/.exec(
      log,
    );
  const [behindMs = 0, ownMs = 0, totalMs = 0] = sum?.slice(1).map(Number) ?? [];
  assert.ok(behindMs >= 19 && ownMs >= 19, log);
  assert.ok(Math.abs(200 + behindMs + ownMs - totalMs) <= 1, log);
  assert.doesNotMatch(log, /'modest': batching|objective\.latencyMs 5000/);
  const { batchReason, queueMs } = await explained(server.url, 'explicit');
  assert.equal(batchReason, 'timer');
  assert.ok(queueMs >= 200, `${queueMs}`);
  assert.equal(await metricOf(server.url, 'explicit', 'galley_objective_total', { result: 'missed' }), 1);
  await server.stop();
});

test('under more load than the objective allows, every request is answered or refused at once', async () => {
  const server = await RunningServer.start([
    settingsFile({ pressed: 'objective: {latencyMs: 150}, batching: {maxBatchSize: 2}' }),
  ]);
  const answers: Asked[] = [];
  const client = async () => {
    for (let count = 0; count < 8; count++) answers.push(await askRow(server.url, 'pressed'));
  };
  await Promise.all(Array.from({ length: 50 }, client));
  const refused = answers.filter(({ status }) => status !== 200);
  const ok = answers.length - refused.length;
  assert.ok(ok > 0 && refused.length > 0, `${ok} ${refused.length}`);
  for (const { status, reason = '', error, headers } of refused) {
    assert.equal(status, 503);
    assert.ok(reason === 'PREDICTED_LATE' || reason === 'DROPPED_LATE', reason);
    assert.match(
      error ?? '',
      reason === 'PREDICTED_LATE'
        ? /^predicted to be answered in \d+ ms, but only \d+ ms are left: \d+ rows are waiting; try again later$/
        : /^dropped after \d+ ms in the queue: the \d+ ms left are too short to meet the objective$/,
    );
    const ms = Number(headers.get('retry-after-ms'));
    assert.ok(ms >= 1_000 && ms <= 45_000, `${ms}`);
    assert.equal(headers.get('retry-after'), String(Math.ceil(ms / 1000)));
  }
  const objective = async (result: string) =>
    metricOf(server.url, 'pressed', 'galley_objective_total', { result });
  const [kept, missed] = [await objective('kept'), await objective('missed')];
  assert.equal(kept + missed, answers.length);
  assert.ok(kept > 0 && missed >= refused.length, `${kept} ${missed} ${refused.length}`);
  assert.equal(await metricOf(server.url, 'pressed', 'galley_in_flight_requests'), 0);
  assert.equal((await askRow(server.url, 'pressed')).status, 200);
  await server.stop();
});
