import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { metricOf } from '../support/asking.ts';
import { isAlive, signalProcess } from '../support/processes.ts';
import { askX } from '../support/route-asking.ts';
import { RunningServer } from '../support/running-server.ts';
import { QUIET, type SteeredModel, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-composition-'));
const models = join(root, 'models');
let second: SteeredModel;
let server: RunningServer;
let url = '';

/** Writes a model from `x` to `y` whose `predict` is given. */
function writeModel(name: string, predict: string, more = ''): void {
  mkdirSync(join(models, name), { recursive: true });
  writeFileSync(
    join(models, name, 'model.mjs'),
    `import { writeFileSync } from 'node:fs';
     import { defineModel } from 'galley';
     const tensor = (name) => ({ name, datatype: 'FP32', shape: [-1] });
     export default defineModel({ inputs: [tensor('x')], outputs: [tensor('y')], ${more}
       load: ({ directory }) => writeFileSync(directory + '/pid.txt', String(process.pid)),
       async predict({ x }, _, { infer }) { ${predict} } });`,
  );
}

before(async () => {
  writeSteeredModel(join(models, 'first', '1'), { factor: 2 });
  second = writeSteeredModel(join(models, 'second', '1'), { factor: 3 });
  writeModel(
    'chain',
    `const { y } = await infer('first', { x });
     const [long, short] = await Promise.all([infer('second', { x: y }), infer('either', { x })]);
     return { y: { shape: x.shape, data: long.y.data.map((each, at) => each + short.y.data[at]) } };`,
    `uses: ['first', 'second'],`,
  );
  writeModel(
    'careful',
    `const none = { y: { shape: x.shape, data: x.data.fill(-1) } };
     return infer('second', { x }, { timeoutMs: 50 }).catch(({ code }) => {
       if (!code.startsWith('DEADLINE_')) throw new Error('refused because of ' + code);
       return none;
     });`,
  );
  writeModel('ring', `return infer(x.data[0] === 1 ? 'turn' : 'first', { x });`);
  writeModel('turn', `return infer('ring', { x });`);
  writeModel('lost', 'return { y: x };', `uses: ['nowhere'],`);
  mkdirSync(join(models, 'in-a-folder'));
  writeFileSync(
    join(models, 'in-a-folder', 'model.yaml'),
    'pipeline:\n  steps:\n    - {model: first, outputs: {y: mid}}\n    - {model: chain, inputs: {x: mid}}\n',
  );
  const steps = [
    { model: 'first', outputs: { y: 'mid' } },
    { model: 'second', inputs: { x: 'mid' }, outputs: { y: 'left' } },
    { model: 'second', outputs: { y: 'right' } },
  ];
  const settings = {
    ...{ repository: models, log: { level: 'error' }, defaults: QUIET },
    models: { fork: { pipeline: { steps, outputs: ['right', 'left'] } }, lost: { required: false } },
    tenants: { thrifty: { ratePerSecond: 0.001, burst: 2 } },
    routes: { either: { otherwise: 'second' } },
  };
  writeFileSync(join(root, 'galley.yaml'), JSON.stringify(settings));
  server = await RunningServer.start([root]);
  url = server.url;
});
afterEach(() => second.order('serve'));
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function inFlight(model: string): Promise<number> {
  return metricOf(url, model, 'galley_in_flight_requests');
}

test('a model that calls others, and pipelines of models, answer what their parts do', async () => {
  const chained = await askX(url, 'chain', [1, 2]);
  assert.deepEqual([chained.status, chained.output('y')], [200, [9, 18]], chained.text);
  const forked = await askX(url, 'fork', [1, 2]);
  assert.deepEqual(
    [forked.output('left'), forked.output('right')],
    [
      [6, 12],
      [3, 6],
    ],
    forked.text,
  );
  assert.deepEqual((await askX(url, 'in-a-folder', 1)).output('y'), [18]);
  const metadata = (await (await fetch(`${url}/v2/models/fork`)).json()) as {
    platform: string;
    inputs: unknown;
  };
  assert.equal(metadata.platform, 'galley_pipeline');
  assert.deepEqual(metadata.inputs, [{ name: 'x', datatype: 'FP32', shape: [-1] }]);
});

test('a pipeline is not scaled, and the refusal says what is', async () => {
  const response = await fetch(`${url}/admin/models/fork/scale?replicas=2`, { method: 'POST' });
  assert.equal(response.status, 409);
  const { error } = (await response.json()) as { error: string };
  assert.equal(error, 'fork/1 is a pipeline, which has no process: scale the models of its steps');
});

test('the deadline of a request is that of its calls, which end with it', async () => {
  second.order('hang');
  const headers = { 'x-request-timeout-ms': '300' };
  for (const name of ['chain', 'fork']) {
    const { status, reason } = await askX(url, name, 1, { headers });
    assert.deepEqual([status, reason], [504, 'DEADLINE_RUNNING'], name);
  }
  await until('no call is left', async () => (await inFlight('second')) === 0);
  const careful = await askX(url, 'careful', 1);
  assert.deepEqual(careful.output('y'), [-1], careful.text);
});

test('the calls of a client that disconnects are cancelled', async () => {
  second.order('hang');
  for (const name of ['chain', 'fork']) {
    const client = new AbortController();
    const pending = askX(url, name, 1, { signal: client.signal }).catch(() => undefined);
    await until('its calls run', async () => (await inFlight('second')) === 2);
    client.abort();
    await pending;
    await until('they are cancelled', async () => (await inFlight('second')) === 0);
  }
});

test('the process of a called model is killed during a call: the request is answered', async () => {
  for (const name of ['chain', 'fork']) {
    second.order('hang');
    const pending = askX(url, name, 1);
    await until('its calls run', async () => (await inFlight('second')) === 2);
    // A process that the test before has ended may still be replaced.
    const pid = await until('its process runs', () => isAlive(second.pid()) && second.pid());
    second.order('serve');
    signalProcess(pid, 'SIGKILL');
    assert.equal((await pending).status, 200, (await pending).text);
  }
});

test('the process of a calling model is killed during a call: its calls are cancelled, and the request is tried again', async () => {
  second.order('hang');
  const pending = askX(url, 'chain', 1);
  await until('its calls run', async () => (await inFlight('second')) === 2);
  signalProcess(Number(readFileSync(join(models, 'chain', 'pid.txt'), 'utf8')), 'SIGKILL');
  await until('they are cancelled', async () => (await inFlight('second')) === 0);
  second.order('serve');
  assert.deepEqual((await pending).output('y'), [9]);
});

test('models that call each other in a circle are refused with the circle', async () => {
  assert.deepEqual((await askX(url, 'ring', 2)).output('y'), [4]);
  assert.deepEqual((await askX(url, 'turn', 2)).output('y'), [4]);
  const { status, error } = await askX(url, 'ring', 1);
  assert.equal(status, 500);
  assert.match(error ?? '', /in a circle: ring\/1 → turn\/1 → ring\/1/);
});

test('a model that uses one that is not served is not loaded', async () => {
  const { status, reason, error } = await askX(url, 'lost', 1);
  assert.deepEqual([status, reason], [503, 'MODEL_FAILED']);
  assert.match(error ?? '', /it uses 'nowhere': Request for unknown model/);
});

test('the failure of a step names the step', async () => {
  second.order('throw');
  const { status, reason, error } = await askX(url, 'fork', 1);
  assert.deepEqual([status, reason], [500, 'MODEL_ERROR']);
  assert.match(error ?? '', /^step [23] \('second'\): .*told to throw/);
  const chained = await askX(url, 'chain', 1);
  assert.match(chained.error ?? '', /call of '(second|either)': .*told to throw/);
});

test('a quota counts requests of clients, not the calls that are part of them', async () => {
  const headers = { 'x-galley-tenant': 'thrifty' };
  const statuses: number[] = [];
  for (const name of ['chain', 'fork', 'chain'])
    statuses.push((await askX(url, name, 1, { headers })).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});
