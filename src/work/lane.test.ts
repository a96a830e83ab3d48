import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InferenceRequest, Parameter } from '../model/inference.ts';
import { bytesOf } from '../tensor/tensor.ts';
import { laneElements, laneKeys } from './lane.ts';
import { priorityNamed, priorityOfProtocol } from './priority.ts';

const metadataOf = (shapes: readonly (readonly number[])[], readsParameters = false) => ({
  platform: 'test',
  inputs: shapes.map((shape, index) => ({
    name: `x${index}`,
    datatype: 'UINT8' as const,
    shape: [...shape],
  })),
  outputs: [],
  readsParameters,
});

function request(shapes: readonly (readonly number[])[], parameters = {}): InferenceRequest {
  const data = bytesOf(new Uint8Array());
  const inputs = shapes.map((shape, index) => ({
    name: `x${index}`,
    datatype: 'UINT8' as const,
    shape: [...shape],
    data,
  }));
  return { id: '', inputs, parameters, timeoutMs: undefined, priority: 0 };
}

const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 3,
});

test('the elements of a lane are those of one row of its inputs, for any parameters', () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 9 }), fc.string(), (rowShapes, rows, text) => {
      const open = rowShapes.map((shape) => [-1, ...shape.map(() => -1)]);
      const ofRequest = laneKeys(metadataOf(open, true), true);
      const wanted = rowShapes.reduce(
        (sum, shape) => sum + shape.reduce((product, size) => product * size, 1),
        0,
      );
      const full = rowShapes.map((shape) => [rows, ...shape]);
      assert.equal(laneElements(ofRequest(request(full))), wanted);
      assert.equal(laneElements(ofRequest(request(full, { text }))), wanted);
    }),
  );
  assert.equal(laneElements(''), 1);
});

test('requests share a lane when their open sizes and any parameters the model reads are equal', () => {
  const plain = laneKeys(metadataOf([[-1, -1]]), true);
  assert.equal(plain(request([[1, 4]])), plain(request([[9, 4]])));
  assert.notEqual(plain(request([[1, 4]])), plain(request([[1, 5]])));
  assert.equal(plain(request([[1, 4]], { a: 1 })), plain(request([[1, 4]], { a: 2 })));
  const reading = laneKeys(metadataOf([[-1, 4]], true), true);
  assert.equal(reading(request([[1, 4]], { a: 1, b: 2 })), reading(request([[1, 4]], { b: 2, a: 1 })));
  assert.notEqual(reading(request([[1, 4]], { a: 1 })), reading(request([[1, 4]], { a: '1' })));
  const lane = (value: Parameter) => reading(request([[1, 4]], { a: value }));
  const values = [2n ** 64n, 2n ** 64n + 1n, 2 ** 64, { b: [1n] }, { b: [2] }, [null], Number.NaN, 0, -0];
  assert.equal(new Set(values.map(lane)).size, values.length);
  assert.equal(lane({ b: [2n ** 70n, { c: null }] }), lane({ b: [2n ** 70n, { c: null }] }));
  const fixed = laneKeys(metadataOf([[-1, 4]]), true);
  assert.equal(fixed(request([[1, 4]])), '');
});

test('the protocol counts priorities down from the most urgent, and leaves 0 to the model', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 1_000].map(priorityOfProtocol), [undefined, 3, 2, 1, 0, 0, 0]);
  assert.equal(priorityNamed('sheddable'), 0);
  assert.equal(priorityNamed('critical-plus'), 3);
});
