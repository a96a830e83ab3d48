import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineModel } from './define-model.ts';

/** Fails to compile unless both types are the same. */
function same<A, B>(_proof: [A] extends [B] ? ([B] extends [A] ? true : never) : never): void {}

const X = [{ name: 'x', datatype: 'FP32', shape: [-1] }] as const;
const Y = [{ name: 'y', datatype: 'FP32', shape: [-1] }] as const;
const SHAPE = [1];

test('predict gets the declared inputs with data of their datatype', () => {
  const model = defineModel({
    inputs: [
      { name: 'float', datatype: 'FP32', shape: [-1, 3] },
      { name: 'half', datatype: 'FP16', shape: [-1] },
      { name: 'big', datatype: 'INT64', shape: [-1] },
      { name: 'text', datatype: 'BYTES', shape: [-1] },
    ],
    outputs: Y,
    predict(inputs) {
      same<keyof typeof inputs, 'float' | 'half' | 'big' | 'text'>(true);
      same<typeof inputs.float.data, Float32Array>(true);
      same<typeof inputs.half.data, Uint16Array>(true);
      same<typeof inputs.big.data, BigInt64Array>(true);
      same<typeof inputs.text.data, readonly Uint8Array[]>(true);
      // @ts-expect-error there is no such input
      void inputs.flaot;
      // @ts-expect-error numbers of 64 bits are no plain numbers
      void ((inputs.big.data[0] ?? 0n) * 2);
      return { y: { shape: [inputs.float.shape[0] ?? 0], data: inputs.float.data } };
    },
  });
  assert.equal(model.inputs.length, 4);
});

test('predict must return every output with data of its datatype', () => {
  const one = { inputs: X, outputs: Y } as const;
  // @ts-expect-error the output has another name
  defineModel({ ...one, predict: () => ({ z: { shape: SHAPE, data: [1] } }) });
  // @ts-expect-error the output has no shape
  defineModel({ ...one, predict: () => ({ y: { data: [1] } }) });
  // @ts-expect-error the typed array is one of another datatype
  defineModel({ ...one, predict: () => ({ y: { shape: SHAPE, data: new Float64Array(1) } }) });
  // @ts-expect-error a float is no text
  defineModel({ ...one, predict: async () => ({ y: { shape: SHAPE, data: ['1'] } }) });
  const texts = { inputs: X, outputs: [{ name: 'y', datatype: 'BYTES', shape: [-1] }] } as const;
  // @ts-expect-error a text is no number
  defineModel({ ...texts, predict: () => ({ y: { shape: SHAPE, data: [1] } }) });
  // @ts-expect-error texts are a list
  defineModel({ ...texts, predict: () => ({ y: { shape: SHAPE, data: new Uint8Array(1) } }) });

  const outputs = [
    { name: 'float', datatype: 'FP32', shape: [-1] },
    { name: 'half', datatype: 'FP16', shape: [-1] },
    { name: 'big', datatype: 'INT64', shape: [-1] },
    { name: 'flag', datatype: 'BOOL', shape: [-1] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
  ] as const;
  const both = [
    {
      float: { shape: SHAPE, data: [0.5] },
      half: { shape: SHAPE, data: Uint16Array.of(0x3e00) },
      big: { shape: SHAPE, data: BigInt64Array.of(1n) },
      flag: { shape: SHAPE, data: [true] },
      text: { shape: SHAPE, data: ['a', new Uint8Array(1)] },
    },
    {
      float: { shape: SHAPE, data: new Float32Array(1) },
      half: { shape: SHAPE, data: [1.5] },
      big: { shape: SHAPE, data: [1, 2n] },
      flag: { shape: SHAPE, data: new Uint8Array(1) },
      text: { shape: SHAPE, data: [] },
    },
  ] as const;
  defineModel({ inputs: X, outputs, predict: () => both[0] });
  defineModel({ inputs: X, outputs, predict: async () => both[1] });
});

test('the state is what load returns', () => {
  defineModel({
    inputs: X,
    outputs: Y,
    load: async ({ directory, threads }) => ({ weights: Float32Array.of(threads), directory }),
    predict({ x }, state, { rows, refuseRow }) {
      same<typeof state, { weights: Float32Array<ArrayBuffer>; directory: string }>(true);
      // @ts-expect-error a row is a number
      if (rows > 1) refuseRow('first', 'no');
      return { y: { shape: x.shape, data: state.weights } };
    },
    device: ({ directory }) => directory,
    // @ts-expect-error there is no such part of the state
    unload: ({ files }) => void files,
  });
  const stateless = defineModel({
    inputs: X,
    outputs: Y,
    predict: ({ x }, state) => {
      same<typeof state, undefined>(true);
      return { y: x };
    },
  });
  assert.equal(stateless.load, undefined);
});

test('a model answers as a whole, in parts, or both', () => {
  defineModel({
    inputs: X,
    outputs: Y,
    load: () => 2,
    async *predictStream({ x }, factor, { signal }) {
      same<typeof factor, number>(true);
      for (const each of x.data) if (!signal.aborted) yield { y: { shape: [1], data: [factor * each] } };
    },
  });
  const incomplete = async function* () {
    yield {};
  };
  // @ts-expect-error a part has every output
  defineModel({ inputs: X, outputs: Y, predictStream: incomplete });
  // @ts-expect-error it must do one of both
  defineModel({ inputs: X, outputs: Y, load: () => 1 });
  assert.ok(true);
});

test('samples have data of the declared inputs', () => {
  const inputs = [
    { name: 'x', datatype: 'FP32', shape: [-1] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
  ] as const;
  const predict = () => ({ y: { shape: SHAPE, data: [1] } });
  const samples = [{ x: { shape: [1], data: [0.5] }, text: { shape: [1], data: ['a'] } }, {}];
  assert.equal(defineModel({ inputs, outputs: Y, samples, predict }).samples?.length, 2);
  // @ts-expect-error a text is no number
  defineModel({ inputs, outputs: Y, samples: [{ text: { shape: [1], data: [1] } }], predict });
  // @ts-expect-error there is no such input
  defineModel({ inputs, outputs: Y, samples: [{ y: { shape: [1], data: [1] } }], predict });
});

test('a declaration must have a known datatype', () => {
  // @ts-expect-error there is no such datatype
  defineModel({ inputs: [{ name: 'x', datatype: 'FLOAT', shape: [1] }], outputs: [], predict: () => ({}) });
  assert.ok(true);
});
