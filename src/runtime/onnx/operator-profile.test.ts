import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { OperatorProfile, operatorsIn } from './operator-profile.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

test('operators are counted by device in a profile of ONNX Runtime', () => {
  const event = (provider: string) => ({ cat: 'Node', name: 'x', args: { provider } });
  const events = [
    { cat: 'Session', name: 'model_loading_uri' },
    { cat: 'Node', name: 'x_fence_before', args: {} },
    ...['CUDAExecutionProvider', 'CPUExecutionProvider', 'CUDAExecutionProvider'].map(event),
  ];
  assert.deepEqual(operatorsIn(JSON.stringify(events)), { onCpu: 1, onDevice: 2 });
});

test('the operators of a real session are counted, and its profile is removed', async () => {
  const profile = new OperatorProfile();
  const folder = dirname(profile.options.profileFilePrefix ?? '');
  const session = await ort.InferenceSession.create(pathOf('examples/models/digits/1/model.onnx'), {
    ...{ executionProviders: ['cpu'], logSeverityLevel: 4 },
    ...profile.options,
  });
  assert.equal(readdirSync(folder).length, 1);
  const count = await profile.count(session);
  assert.equal(count?.onDevice, 0);
  assert.ok(count.onCpu > 0);
  assert.throws(() => readdirSync(folder), { code: 'ENOENT' });
  await session.release();
});

test('a model that does not accept made-up inputs is not counted', async (t) => {
  const profile = new OperatorProfile();
  const file = pathOf('examples/models/digits/1/model.onnx');
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 4, ...profile.options });
  t.mock.method(session, 'run', async () => Promise.reject(new Error('not this input')));
  assert.equal(await profile.count(session), undefined);
  await session.release();
});
