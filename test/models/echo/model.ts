import { defineModel } from '../../../src/index.ts';

/** Returns its inputs and parameters. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }],
  outputs: [
    { name: 'y', datatype: 'FP32', shape: [-1, -1] },
    { name: 'parameters', datatype: 'BYTES', shape: [-1] },
  ],
  predict({ x }, _state, { rows, parameters }) {
    const text = JSON.stringify(parameters, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
    return {
      y: { shape: x.shape, data: x.data },
      parameters: { shape: [rows], data: new Array<string>(rows).fill(text) },
    };
  },
});
