import { defineModel } from '../../src/model/define-model.ts';

const WAIT_MS = 2_000;
const KEPT_BYTES = 4 * 1024 * 1024;
const kept: Uint8Array[] = [];

/** Harms itself as it is told: 1 ends its process, 2 waits two seconds, 3 keeps 4 MiB for good. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }],
  predict: async ({ x }) => {
    const order = x.data[0];
    if (order === 1) process.kill(process.pid, 'SIGKILL');
    if (order === 2) await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    if (order === 3) kept.push(new Uint8Array(KEPT_BYTES).fill(1));
    return { y: { shape: x.shape, data: x.data } };
  },
});
