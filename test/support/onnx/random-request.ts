import type { Random } from '../../../src/base/random.ts';
import { allocateArray } from '../../../src/tensor/tensor.ts';
import type { PlainTensor } from '../tensor-asking.ts';
import { happens, oneOf, wholeNumber } from './chance.ts';
import { type ElementType, LENGTH, ROWS } from './graph-builder.ts';
import { halfBits } from './halves.ts';
import type { GraphInput, RandomGraph } from './random-graph.ts';

/** Scales of the numbers of a row; callers of one model differ by orders of magnitude. */
const SCALES = [0, 0.01, 1, 1, 1, 3, 30];

/** Requests of several callers: mostly single rows, most of the same length, with numbers of all scales. */
export function randomRequests(graph: RandomGraph, random: Random, count: number): PlainTensor[][] {
  const usual = wholeNumber(random, 2, 5);
  return Array.from({ length: count }, () => {
    const rows = happens(random, 0.7) ? 1 : wholeNumber(random, 2, 4);
    const length = happens(random, 0.8) ? usual : wholeNumber(random, 1, 6);
    return graph.inputs.map((input) => tensorFor(input, rows, length, random));
  });
}

function tensorFor(input: GraphInput, rows: number, length: number, random: Random): PlainTensor {
  const { name, type } = input;
  const shape = input.shape.map((size) => (size === ROWS ? rows : size === LENGTH ? length : size));
  const count = shape.reduce((product, size) => product * size, 1);
  const array = allocateArray(type, count);
  const perRow = count / rows;
  for (let row = 0; row < rows; row++) {
    const scale = oneOf(random, SCALES);
    for (let index = 0; index < perRow; index++) {
      array[row * perRow + index] = elementFor(input, scale, random) as never;
    }
  }
  return { name, datatype: type, shape, bytes: new Uint8Array(array.buffer) };
}

function elementFor({ type, idsBelow }: GraphInput, scale: number, random: Random): number | bigint {
  if (idsBelow !== undefined) return inType(type, wholeNumber(random, 0, idsBelow - 1));
  if (type === 'BOOL') return wholeNumber(random, 0, 1);
  const number = (random.unit() * 2 - 1) * scale;
  if (type === 'FP32' || type === 'FP64') return number;
  if (type === 'FP16') return halfBits(number);
  // Integers are small except at the largest scale, like labels and counts.
  const whole = Math.round(number);
  return inType(type, type.startsWith('U') ? Math.abs(whole) : whole);
}

function inType(type: ElementType, whole: number): number | bigint {
  return type === 'INT64' || type === 'UINT64' ? BigInt(whole) : whole;
}
