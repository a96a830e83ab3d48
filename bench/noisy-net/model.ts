import { InferenceSession, Tensor } from 'onnxruntime-node';
import { defineModel } from '../../src/model/define-model.ts';
import { benchModel } from '../models.ts';

/** The net `dense`; a batch takes one to three times its time, by chance. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 784] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 10] }],
  load: ({ threads }) =>
    InferenceSession.create(benchModel('dense'), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    }),
  predict: async ({ x }, state) => {
    const startedAt = performance.now();
    const { y } = await (state as InferenceSession).run({ x: new Tensor('float32', x.data, x.shape) });
    const tookMs = performance.now() - startedAt;
    const until = startedAt + tookMs * (1 + 2 * Math.random());
    while (performance.now() < until);
    return { y: { shape: y?.dims ?? [], data: (y?.data ?? []) as Float32Array } };
  },
});
