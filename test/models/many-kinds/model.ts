import { defineModel } from '../../../src/index.ts';

/** Returns its inputs: one of every kind of element, with open and fixed sizes. */
export default defineModel({
  inputs: [
    { name: 'float', datatype: 'FP32', shape: [-1, 2] },
    { name: 'half', datatype: 'FP16', shape: [-1, -1] },
    { name: 'small', datatype: 'UINT8', shape: [-1] },
    { name: 'big', datatype: 'INT64', shape: [-1] },
    { name: 'flag', datatype: 'BOOL', shape: [-1] },
    { name: 'text', datatype: 'BYTES', shape: [-1, 1] },
  ],
  outputs: [
    { name: 'float', datatype: 'FP32', shape: [-1, 2] },
    { name: 'half', datatype: 'FP16', shape: [-1, -1] },
    { name: 'small', datatype: 'UINT8', shape: [-1] },
    { name: 'big', datatype: 'INT64', shape: [-1] },
    { name: 'flag', datatype: 'BOOL', shape: [-1] },
    { name: 'text', datatype: 'BYTES', shape: [-1, 1] },
  ],
  predict: (inputs) => ({ ...inputs }),
});
