import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { WarmupInputs } from './warmup-inputs.ts';

function inputs(): WarmupInputs {
  return new WarmupInputs({
    metadata: {
      ...{ platform: 'test', outputs: [], readsParameters: false },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
    },
    ...{ hasBatchAxis: true, own: [], random: seededRandom(1) },
    member: (request) => ({ rows: 1, request, lane: '' }),
  });
}

test('each candidate that ends a replica leads to a simpler one, and finally to none', () => {
  const it = inputs();
  assert.equal(it.first, 0);
  const seen = [];
  while (it.first < it.count) {
    it.endedReplica();
    seen.push(it.first);
  }
  assert.deepEqual(seen, [it.count - 2, it.count - 1, it.count]);
});

test('a candidate that the model has accepted is the first that a later replica runs', () => {
  const it = inputs();
  it.endedReplica();
  it.choose(it.rows(it.count - 1).slice(0, 2));
  assert.equal(it.first, it.count - 1);
  it.endedReplica();
  assert.equal(it.first, it.count - 1);
});
