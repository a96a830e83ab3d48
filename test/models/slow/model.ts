import { defineModel } from '../../../src/index.ts';

/** Takes as many milliseconds as its input says, at most 1000. */
export default defineModel({
  inputs: [{ name: 'ms', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'ms', datatype: 'FP32', shape: [-1] }],
  predict({ ms }) {
    const until = performance.now() + Math.min(1_000, Math.max(...ms.data));
    while (performance.now() < until);
    return { ms: { shape: [ms.data.length], data: ms.data } };
  },
});
