import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeviceDemand, deviceOverflows } from './device-memory.ts';

const memoryOf = (device: string) => ({ 'cuda:0': 10, 'cuda:1': 4 })[device];

for (const [what, demands, overflowing] of [
  ['one that fits exactly', [['a', ['cuda', 'cuda:0'], 5]], []],
  ['one that is too large alone', [['a', ['cuda'], 11]], ['a']],
  ['replicas that fit only one by one', [['a', ['cuda', 'cuda', 'cuda'], 4]], ['a']],
  [
    'two that share a device under two names',
    [
      ['a', ['cuda'], 6],
      ['b', ['cuda:0'], 4],
    ],
    [],
  ],
  [
    'a second that does not fit any more, and a third that does',
    [
      ['a', ['cuda'], 6],
      ['b', ['cuda'], 5],
      ['c', ['cuda'], 4],
    ],
    ['b'],
  ],
  ['replicas over two devices', [['a', ['cuda:0', 'cuda:1', 'cuda:0'], 4]], []],
  ['replicas of which one device is too small', [['a', ['cuda:0', 'cuda:1'], 5]], ['a']],
  ['a device of unknown memory', [['a', ['cuda:7', 'webgpu'], 1000]], []],
] satisfies [string, [string, string[], number][], string[]][]) {
  test(`the memory of devices is enough or not: ${what}`, () => {
    const all: DeviceDemand[] = demands.map(([model, devices, replicaBytes]) => ({
      ...{ model, devices, replicaBytes },
    }));
    assert.deepEqual(
      deviceOverflows(all, memoryOf).map(({ model }) => model),
      overflowing,
    );
  });
}

test('the numbers are told', () => {
  const demands = [
    { model: 'a', devices: ['cuda'], replicaBytes: 6 },
    { model: 'b', devices: ['cuda', 'cuda'], replicaBytes: 3 },
  ];
  assert.deepEqual(deviceOverflows(demands, memoryOf), [
    {
      model: 'b',
      text: 'deviceMemoryBytes is 3, 6 for 2 replicas on cuda:0, wanted at most 4: the device has 10, of which the models before it take 6; lower deviceMemoryBytes or the number of replicas, or use another device',
    },
  ]);
});
