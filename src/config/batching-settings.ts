import { z } from 'zod';

/** How rows of several requests become one run of the model. */
export const BatchingSettings = z
  .strictObject({
    maxBatchSize: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Most rows of different requests in one batch; 1 turns batching off. A request of more rows is cut into batches where rows are independent, and runs whole where they are not. ' +
          'Default: warmup tries sizes up to 32, or with an objective up to what it allows, as far as time and memory allow.',
      ),
    rows: z
      .enum(['auto', 'independent', 'dependent'])
      .default('auto')
      .describe(
        'Whether the answer to a row is the same whatever shares its batch. auto: warmup finds out, and requests are merged only where rows are shown to be independent. ' +
          'independent: declared, nothing is tried. dependent: requests never share a batch.',
      ),
    maxWaitMs: z
      .number()
      .min(0)
      .optional()
      .describe(
        'How long the oldest request of a batch that is not full may wait for company. ' +
          'Set, batches are formed by these two numbers exactly, and the objective is only reported. ' +
          'Unset: an idle replica and a waiting row meet at once.',
      ),
  })
  .prefault({});
export type BatchingSettings = z.output<typeof BatchingSettings>;
