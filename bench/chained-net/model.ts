import { defineModel } from '../../src/model/define-model.ts';

/** Calls two models, one after the other. */
export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }],
  uses: ['waiting', 'second'],
  predict: async ({ x }, _, { infer }) => {
    const { y } = await infer('waiting', { x });
    const { y: last } = await infer('second', { x: y as typeof x });
    return { y: last as typeof x };
  },
});
