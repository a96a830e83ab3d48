import { defineModel } from '../../../src/index.ts';

const MAX_BYTES = 64 * 1024 * 1024;

/** Returns as many bytes as its input says. */
export default defineModel({
  inputs: [{ name: 'bytes', datatype: 'INT32', shape: [1] }],
  outputs: [{ name: 'y', datatype: 'UINT8', shape: [-1] }],
  predict({ bytes }) {
    const length = Math.min(MAX_BYTES, Math.max(1, Number(bytes.data[0])));
    return { y: { shape: [length], data: new Uint8Array(length) } };
  },
});
