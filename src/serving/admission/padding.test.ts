import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonOf, setUp } from '../../../test/support/simulated-version.ts';
import { isRefusal } from '../../base/errors.ts';
import { paddedLength } from './padding.ts';

const METADATA = {
  platform: 'simulated',
  inputs: [
    { name: 'x', datatype: 'UINT8', shape: [-1, -1] },
    { name: 'n', datatype: 'INT32', shape: [-1] },
  ],
  outputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, -1] }],
  readsParameters: false,
} as const;
const PADDING = { axis: 1, inputs: ['x'], outputs: ['x'], lengthInput: 'n' };

test('requests of nearly the same length share a batch, and each gets only its own part of the answer', () => {
  const it = setUp(
    { padding: PADDING, batching: { maxBatchSize: 4, maxWaitMs: 10 } },
    {
      metadata: METADATA,
      result: ({ inputs }) => ({ kind: 'answer', outputs: inputs.filter(({ name }) => name === 'x') }),
    },
  );
  assert.deepEqual(
    it.version.metadata?.inputs.map(({ name }) => name),
    ['x'],
    'callers need not send the length',
  );
  it.submit(0, { width: 9, mark: 3 });
  it.submit(1, { width: 10, mark: 4 });
  it.submit(2, { width: 50, mark: 5 });
  it.clock.advance(100);
  assert.deepEqual(it.sent.map(({ ids }) => ids).sort(), [[0, 1], [2]]);
  for (const [id, width] of [9, 10, 50].entries()) {
    const [outcome] = it.outcomes.get(id) ?? [];
    assert.equal(reasonOf(it.outcomes.get(id)), 'ok');
    assert.ok(outcome !== undefined && !isRefusal(outcome));
    assert.deepEqual(outcome.outputs[0]?.shape, [1, width]);
  }
});

test('where the cost is proportional to rows nothing is padded any more', () => {
  const it = setUp(
    { padding: PADDING, batching: { maxBatchSize: 4, maxWaitMs: 10 } },
    {
      metadata: METADATA,
      serviceMs: ({ rows }) => 4 * rows,
      result: ({ inputs }) => ({ kind: 'answer', outputs: inputs.filter(({ name }) => name === 'x') }),
    },
  );
  for (let id = 0; id < 40; id++) {
    it.submit(id, { width: 10, rows: 1 + (id % 3) });
    it.clock.advance(60);
  }
  it.submit(100, { width: 9 });
  it.submit(101, { width: 10 });
  it.clock.advance(100);
  assert.deepEqual(
    it.sent.slice(-2).map(({ ids }) => ids),
    [[100], [101]],
  );
});

test('padding settings that do not fit the model are reported before it is served', () => {
  const it = setUp(
    { padding: { ...PADDING, lengthInput: 'm' }, health: { restart: { maxFailures: 1 } } },
    { metadata: METADATA },
  );
  it.clock.advance(1000);
  assert.match(it.version.failure, /names an input 'm', which the model does not have/);
});

test('lengths are padded by at most a quarter', () => {
  for (let length = 8; length < 5000; length++) {
    const padded = paddedLength(length);
    assert.ok(padded >= length && padded <= length * 1.25 + 1, `${length}: ${padded}`);
  }
});
