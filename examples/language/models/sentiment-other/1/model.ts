import { defineModel } from 'galley';

/** Answers for text in a language that no other model rates. */
export default defineModel({
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
  outputs: [
    { name: 'label', datatype: 'BYTES', shape: [-1] },
    { name: 'score', datatype: 'FP32', shape: [-1] },
  ],
  predict: (_inputs, _state, { rows }) => ({
    label: { shape: [rows], data: new Array(rows).fill('unknown') },
    score: { shape: [rows], data: new Float32Array(rows) },
  }),
});
