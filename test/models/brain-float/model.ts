import { defineModel } from '../../../src/index.ts';

/** Datatypes that the ONNX test models do not have. */
export default defineModel({
  inputs: [
    { name: 'half', datatype: 'BF16', shape: [-1, 2] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
    { name: 'flag', datatype: 'BOOL', shape: [-1] },
    { name: 'big', datatype: 'UINT64', shape: [-1] },
  ],
  outputs: [
    { name: 'half', datatype: 'BF16', shape: [-1, 2] },
    { name: 'text', datatype: 'BYTES', shape: [-1] },
    { name: 'flag', datatype: 'BOOL', shape: [-1] },
    { name: 'big', datatype: 'UINT64', shape: [-1] },
  ],
  predict: (inputs) => ({ ...inputs }),
});
