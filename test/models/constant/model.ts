import { defineModel } from '../../../src/index.ts';

const ANSWER = new Float32Array(2048).fill(0.5);

/** Returns the same array with every answer, large enough that its memory could be transferred. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [2048] }],
  predict: () => ({ y: { shape: [2048], data: ANSWER } }),
});
