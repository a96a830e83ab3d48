import { defineModel } from '../../../src/index.ts';

/** Answers in plain arrays: the number as FP16, and rounded as UINT8, which holds at most 255. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
  outputs: [
    { name: 'half', datatype: 'FP16', shape: [-1] },
    { name: 'byte', datatype: 'UINT8', shape: [-1] },
  ],
  predict({ x }) {
    const shape = [x.data.length];
    return { half: { shape, data: [...x.data] }, byte: { shape, data: [...x.data].map(Math.round) } };
  },
});
