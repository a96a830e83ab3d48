import { defineModel } from '../../../src/index.ts';

/** Returns the square root of each row: NaN for a negative one. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'root', datatype: 'FP32', shape: [-1, 1] }],
  predict({ x }) {
    const roots = x.data.map(Math.sqrt);
    return { root: { shape: [roots.length, 1], data: roots } };
  },
});
