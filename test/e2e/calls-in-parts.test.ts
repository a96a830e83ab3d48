import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { metricOf } from '../support/asking.ts';
import { RunningServer } from '../support/running-server.ts';
import { type SteeredModel, writeSteeredModel } from '../support/steered-model.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-calls-in-parts-'));
const ENDED = join(root, 'ended');
/** Doubles a number three times, and answers each step. */
const STEPS = `import { writeFileSync } from 'node:fs';
import { defineModel } from 'galley';
const tensor = (name) => ({ name, datatype: 'FP32', shape: [1] });
export default defineModel({ inputs: [tensor('x')], outputs: [tensor('y')], uses: ['double'],
  async *predictStream({ x }, _, { infer }) {
    let { shape, data } = x;
    try {
      for (let step = 0; step < 3; step++) {
        ({ y: { data } } = await infer('double', { x: { shape, data } }, { parameters: { step } }));
        yield { y: { shape, data } };
      }
    } catch (error) {
      writeFileSync(${JSON.stringify(ENDED)}, error.code);
      throw error;
    }
  } });`;
let double: SteeredModel;
let server: RunningServer;

before(async () => {
  double = writeSteeredModel(join(root, 'double/1'), { factor: 2, fails: 'v > 10' });
  mkdirSync(join(root, 'steps'));
  writeFileSync(join(root, 'steps/model.mjs'), STEPS);
  writeFileSync(
    join(root, 'galley.yaml'),
    'repository: .\ndefaults: {warmup: {enabled: false}, health: {readiness: {enabled: false}}}\n',
  );
  server = await RunningServer.start([join(root, 'galley.yaml')]);
});
after(() => {
  RunningServer.endAll();
  rmSync(root, { recursive: true });
});

async function stream(x: number, signal = AbortSignal.timeout(20_000)): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${server.url}/v2/models/steps/generate_stream`, {
    method: 'POST',
    body: JSON.stringify({ x }),
    signal,
  });
  const events = (await response.text()).split('\n\n').filter(Boolean);
  return events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Record<string, unknown>);
}

test('a model that answers in parts calls others between them', async () => {
  assert.deepEqual(
    (await stream(1)).map(({ y }) => y),
    [2, 4, 8],
  );
});

test('a call that is refused ends the answer with its reason', async () => {
  const [first, last, ...others] = await stream(6);
  assert.deepEqual([first?.y, others], [12, []]);
  assert.equal(last?.reason, 'MODEL_ERROR');
  assert.match(String(last?.error), /^call of 'double': /);
});

test('when the client has gone, the call that waits is refused, and the code of the model ends', async () => {
  rmSync(ENDED, { force: true });
  double.order('hang');
  const controller = new AbortController();
  const gone = assert.rejects(stream(1, controller.signal));
  const running = async () => metricOf(server.url, 'double', 'galley_in_flight_requests');
  await until('the call is under way', async () => (await running()) === 1);
  controller.abort();
  await gone;
  const code = await until('the model is told', () => existsSync(ENDED) && readFileSync(ENDED, 'utf8'));
  assert.equal(code, 'CANCELLED');
});
