import { defineModel } from '../../src/model/define-model.ts';

const BATCH_MS = 5;

/** Waits instead of computing, so that more replicas than the machine has cores add throughput. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }],
  predict: async ({ x }) => {
    await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
    return { y: { shape: x.shape, data: x.data } };
  },
});
