import * as z from 'zod';
import { section } from './fields.ts';

/** How rows of several requests are merged into one run of the model. */
export const BatchingSettings = section({
  maxBatchSize: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Largest number of rows of different requests in one batch; 1 turns batching off. A request with more rows is split into several batches when rows are independent, and runs as one batch when they are not. ' +
        'Default: warmup measures sizes up to 32, or with an objective up to the largest size that meets it, within the limits of time and memory.',
    ),
  rows: z
    .enum(['auto', 'independent', 'dependent'])
    .default('auto')
    .describe(
      'Whether the answer to a row depends on the other rows of its batch. auto: warmup tests it, and requests share a batch only if rows prove independent. ' +
        'independent: rows are independent, no test runs. dependent: requests never share a batch.',
    ),
  maxWaitMs: z
    .number()
    .min(0)
    .optional()
    .describe(
      'How long the oldest request of a batch that is not full waits for further requests. ' +
        'If set, maxBatchSize and maxWaitMs alone determine the batches, and the objective is only reported. ' +
        'If not set, an idle replica takes waiting rows at once.',
    ),
});
export type BatchingSettings = z.output<typeof BatchingSettings>;
