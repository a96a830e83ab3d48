import { defineModel } from '../../../src/index.ts';

/** Returns one row more than it gets; no such answer may reach a client. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  predict(_inputs, _state, { rows }) {
    return { y: { shape: [rows + 1], data: new Float32Array(rows + 1) } };
  },
});
