import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelSettings } from '../../config/model-settings.ts';
import { ServerSettings } from '../../config/server-settings.ts';
import { compareWithDevices } from './device-memory.ts';

function served(model: string, settings: object) {
  const parsed = ModelSettings.parse(settings);
  return {
    ...({ model, version: '1', runtime: 'onnx', file: 'm', ownSample: [], settings: parsed } as const),
  };
}

test('memory comes from the settings, or from the driver, which is asked once and only when needed', () => {
  let asked = 0;
  const nvidia = () => {
    asked += 1;
    return [8, 10];
  };
  const compare = (devices: object, ...models: Parameters<typeof compareWithDevices>[1]) =>
    compareWithDevices(ServerSettings.parse({ machine: { devices } }), models, nvidia).map(
      ({ model }) => model,
    );
  const undeclared = served('a', { device: 'cuda' });
  const three = { device: ['cuda', 'cuda:1'], deviceMemoryBytes: 3 };
  assert.deepEqual(compare({}, undeclared, served('b', { device: 'cpu', deviceMemoryBytes: 100 })), []);
  assert.deepEqual(compare({ cuda: { memoryBytes: 5 } }, served('a', { ...three, device: 'cuda:0' })), []);
  assert.equal(asked, 0);
  assert.deepEqual(compare({}, served('a', { ...three, replicas: 4 }), served('b', three)), ['b']);
  assert.equal(asked, 1);
  const scaled = { ...three, autoscaling: { minReplicas: 1, maxReplicas: 6 } };
  assert.deepEqual(compare({ 'cuda:0': { memoryBytes: 9 } }, served('a', scaled)), []);
  assert.deepEqual(compare({ 'cuda:0': { memoryBytes: 8 } }, served('a', scaled)), ['a']);
});
