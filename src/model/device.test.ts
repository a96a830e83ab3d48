import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CpuFallback, deviceName, deviceParts, deviceProblem } from './device.ts';

test('a device without a number is the first of its kind', () => {
  const names = ['cpu', 'cuda', 'cuda:0', 'cuda:1', 'dml', 'coreml', 'webgpu'].map(deviceName);
  assert.deepEqual(names, ['cpu', 'cuda:0', 'cuda:0', 'cuda:1', 'dml:0', 'coreml', 'webgpu']);
});

test('a device has a kind and a number', () => {
  assert.deepEqual(deviceParts('cuda'), { kind: 'cuda', index: 0 });
  assert.deepEqual(deviceParts('dml:12'), { kind: 'dml', index: 12 });
  assert.deepEqual(deviceParts('cuda:1, cpu'), { kind: 'cuda', index: 1 });
  assert.deepEqual(deviceParts('cuda, cpu'), { kind: 'cuda', index: 0 });
});

for (const [device, cpuFallback, ran, allowing] of [
  ['cpu', 'none', 'cpu', undefined],
  ['cuda', 'none', 'cuda:0', undefined],
  ['cuda:0', 'none', 'cuda', undefined],
  ['cuda:1', 'none', 'cuda:0', 'operators'],
  ['cuda:1', 'model', 'cuda:0', 'operators'],
  ['cuda', 'none', 'cpu', 'model'],
  ['cuda', 'operators', 'cpu', 'model'],
  ['cuda', 'model', 'cpu', undefined],
  ['cuda', 'none', 'cuda:0, cpu', 'operators'],
  ['cuda', 'operators', 'cuda:0, cpu', undefined],
  ['cuda', 'model', 'cuda:0, cpu', undefined],
  ['cuda:1', 'model', 'cuda:0, cpu', 'operators'],
  ['cpu', 'none', 'webgpu', 'operators'],
] satisfies [string, CpuFallback, string, CpuFallback | undefined][]) {
  const is = allowing === undefined ? 'may serve' : 'does not serve';
  test(`a model for ${device} with cpuFallback ${cpuFallback} ${is} on ${ran}`, () => {
    const problem = deviceProblem({ device, cpuFallback }, ran);
    const wanted =
      allowing &&
      `device is '${device}', but the model runs on '${ran}': make the device available, set device to cpu, or allow the CPU with cpuFallback: ${allowing}`;
    assert.equal(problem, wanted);
  });
}
