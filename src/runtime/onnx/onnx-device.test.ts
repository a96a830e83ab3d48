import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CpuFallback } from '../../model/device.ts';
import { openOnDevice, type ProviderOptions } from './onnx-device.ts';

const NO_LIBRARY = 'Failed to load shared library';
const ON_CPU =
  'This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled by the user.';

/** A runtime with one GPU, which runs all operators of a model, 3 of 4, an unknown part or none, or does not work. */
function fakeRuntime(gpu: 'works' | 'runs a part' | 'runs an unknown part' | 'runs nothing' | 'is broken') {
  const opened: ProviderOptions[] = [];
  const open = async (options: ProviderOptions) => {
    opened.push(options);
    const [provider] = options.executionProviders;
    if (provider === 'cpu') return 'session';
    if (gpu === 'is broken') throw new Error(NO_LIBRARY);
    if (gpu.startsWith('runs') && options.session.disable_cpu_ep_fallback === '1') throw new Error(ON_CPU);
    return 'session';
  };
  const countOperators = async () => {
    assert.equal(opened.at(-1)?.isProfiled, true);
    return gpu === 'runs an unknown part'
      ? undefined
      : { onCpu: 1, onDevice: gpu === 'runs nothing' ? 0 : 3 };
  };
  return { opened, ports: { providers: ['cpu', 'webgpu', 'cuda'], open, countOperators } };
}

for (const [gpu, device, cpuFallback, runsOn] of [
  ['works', 'cpu', 'none', 'cpu'],
  ['works', 'cuda', 'none', 'cuda:0'],
  ['works', 'cuda:1', 'model', 'cuda:1'],
  ['works', 'webgpu', 'none', 'webgpu'],
  ['works', 'dml', 'none', /device is 'dml', but ONNX Runtime .* has only cpu, webgpu, cuda: make/],
  ['works', 'dml', 'operators', /has only cpu, webgpu, cuda/],
  ['works', 'dml', 'model', 'cpu'],
  ['runs a part', 'cuda', 'none', /cannot run all operators of the model.*cpuFallback: operators$/],
  ['runs a part', 'cuda', 'operators', 'cuda:0, cpu'],
  ['runs a part', 'cuda', 'model', 'cuda:0, cpu'],
  ['runs an unknown part', 'cuda', 'operators', 'cuda:0, cpu'],
  [
    'runs nothing',
    'cuda',
    'operators',
    /none of the 1 operators of the model runs on it.*cpuFallback: model$/,
  ],
  ['runs nothing', 'cuda', 'model', 'cpu'],
  ['is broken', 'cuda', 'none', /^Error: Failed to load shared library$/],
  ['is broken', 'cuda', 'operators', /^Error: Failed to load shared library$/],
  ['is broken', 'cuda', 'model', 'cpu'],
] satisfies [Parameters<typeof fakeRuntime>[0], string, CpuFallback, string | RegExp][]) {
  test(`a model for ${device}, where the GPU ${gpu}, with cpuFallback ${cpuFallback}`, async () => {
    const opening = openOnDevice({ device, cpuFallback }, fakeRuntime(gpu).ports);
    if (runsOn instanceof RegExp) {
      await assert.rejects(opening, runsOn);
      return;
    }
    const opened = await opening;
    assert.equal(opened.device, runsOn);
    const isOther = runsOn.endsWith('cpu') && device !== 'cpu';
    assert.equal(opened.warning !== undefined, isOther, 'what differs from the settings is told');
  });
}

test('the number of a device is passed on where the runtime has several, and the CPU is forbidden first', async () => {
  const { opened, ports } = fakeRuntime('runs a part');
  const { warning } = await openOnDevice({ device: 'cuda:2', cpuFallback: 'operators' }, ports);
  assert.equal(warning, '1 of 4 operators of the model run on the CPU, because cuda:2 cannot run them');
  const executionProviders = [{ name: 'cuda', deviceId: 2 }];
  assert.deepEqual(opened, [
    { executionProviders, session: { disable_cpu_ep_fallback: '1' } },
    { executionProviders, session: {}, isProfiled: true },
  ]);
  const web = fakeRuntime('works');
  await openOnDevice({ device: 'webgpu' }, web.ports);
  assert.deepEqual(web.opened[0]?.executionProviders, ['webgpu']);
});
