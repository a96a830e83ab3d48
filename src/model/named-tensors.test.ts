import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Datatype } from '../tensor/datatype.ts';
import { flatten, segmentsOf } from '../tensor/segments.ts';
import { typedArrayOf } from '../tensor/tensor.ts';
import {
  type NamedInput,
  type NamedOutput,
  type NamedOutputs,
  namedOutputs,
  tensorsOf,
} from './named-tensors.ts';

const KNOWN = [
  { name: 'x', datatype: 'FP32', shape: [-1, 2] },
  { name: 'text', datatype: 'BYTES', shape: [-1] },
] as const;

function read(name: string, input: unknown, known: Parameters<typeof tensorsOf>[2] = KNOWN) {
  const [tensor] = tensorsOf('m', { [name]: input as NamedInput }, known);
  assert.ok(tensor !== undefined);
  return tensor;
}

test('a typed array of the datatype is sent without a copy', () => {
  const data = Float32Array.of(1, 2);
  const tensor = read('x', { shape: [1, 2], data });
  assert.equal(flatten(tensor.data).buffer, data.buffer);
  assert.deepEqual(read('x', { data }).shape, [2]);
});

for (const [what, name, input, shape, datatype, numbers] of [
  [
    'nested lists have the shape of their nesting',
    'x',
    {
      data: [
        [1, 2],
        [3, 4],
      ],
    },
    [2, 2],
    'FP32',
    [1, 2, 3, 4],
  ],
  [
    'a shape replaces that of the nesting',
    'x',
    {
      data: [
        [1, 2],
        [3, 4],
      ],
      shape: [1, 4],
    },
    [1, 4],
    'FP32',
    [1, 2, 3, 4],
  ],
  ['a flat list has one axis', 'x', { data: [1, 2] }, [2], 'FP32', [1, 2]],
  ['a datatype may be given', 'z', { data: [7], datatype: 'INT64' }, [1], 'INT64', [7n]],
  ['an empty list is an empty tensor', 'x', { data: [] }, [0], 'FP32', []],
] as const) {
  test(what, () => {
    const tensor = read(name, input);
    assert.deepEqual([tensor.shape, tensor.datatype], [shape, datatype]);
    assert.deepEqual(Array.from(typedArrayOf(tensor.datatype, tensor.data) as Float32Array), numbers);
  });
}

for (const [input, message] of [
  [Float32Array.of(1), /^input 'x' is a Float32Array, wanted \{ shape, data \}$/],
  [[1, 2], /^input 'x' is an array, wanted/],
  [null, /^input 'x' is null, wanted/],
  [{ shape: [1] }, /^input 'x' is an object without data, wanted/],
  [{ data: 'text' }, /^input 'x': data is string, wanted a typed array or an array$/],
  [{ data: [[1, 2], [3]] }, /^input 'x': data\[1\] has length 1, wanted 2$/],
  [{ data: [1], shape: [2, 2] }, /FP32 of shape \[2,2\] takes 16 bytes, got 4/],
  [{ data: ['a'] }, /^input 'x': element 0 is "a", wanted a number within the range of FP32$/],
] as const) {
  test(`bad data is refused: ${message.source}`, () => {
    assert.throws(() => read('x', input), { name: 'ServingError', message });
  });
}

test('an unknown input is refused with the known ones, or asked for its datatype', () => {
  assert.throws(() => read('y', { data: [1] }), {
    message: /unexpected inference input 'y' .*its inputs: 'x', 'text'/,
  });
  assert.throws(() => read('y', { data: [1] }, []), { message: /'m' is not loaded yet: give the datatype/ });
  assert.throws(() => tensorsOf('m', undefined as never, KNOWN), {
    message: /^inputs is undefined, wanted an object/,
  });
});

test('texts have as many elements as their shape', () => {
  assert.deepEqual(read('text', { data: ['a', Uint8Array.of(98)] }).shape, [2]);
  assert.throws(() => read('text', { data: ['a'], shape: [2] }), {
    message: /expected 2 string elements .* got 1/,
  });
});

test('outputs are views of the memory of the answer, or copies where others have it too', () => {
  const memory = Float32Array.of(1, 2);
  const output = {
    ...{ name: 'y', shape: [1, 2], datatype: 'FP32' as Datatype },
    data: segmentsOf(new Uint8Array(memory.buffer)),
  };
  const bufferOf = ({ y }: NamedOutputs) => (y as NamedOutput<'FP32'>).data.buffer;
  assert.equal(bufferOf(namedOutputs([output], false)), memory.buffer);
  const copied = namedOutputs([output], true);
  assert.deepEqual(copied.y, { shape: [1, 2], datatype: 'FP32', data: memory });
  assert.notEqual(bufferOf(copied), memory.buffer);
});
