import * as z from 'zod';
import { flag, section } from './fields.ts';

/** Options of ONNX Runtime. */
export const OnnxSettings = section({
  graphOptimization: z
    .enum(['disabled', 'basic', 'extended', 'all'])
    .default('all')
    .describe('How far ONNX Runtime rewrites a model when it loads it.'),
  memoryArena: flag(true).describe(
    'Whether ONNX Runtime keeps memory between batches, which is faster and takes as much as the largest batch.',
  ),
  memoryPattern: flag(true).describe(
    'Whether ONNX Runtime plans the memory of a batch from earlier batches of the same shape.',
  ),
});
export type OnnxSettings = z.output<typeof OnnxSettings>;
