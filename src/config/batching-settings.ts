import { z } from 'zod';

/** How rows of several requests become one run of the model. */
export const BatchingSettings = z
  .strictObject({
    maxBatchSize: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Most rows in one batch; 1 turns batching off. Default: 32 where the model has a batch axis, else 1.',
      ),
    maxWaitMs: z
      .number()
      .min(0)
      .optional()
      .describe(
        'How long the oldest request of a batch that is not full may wait for company. ' +
          'Unset: an idle replica and a waiting row meet at once.',
      ),
  })
  .prefault({});
export type BatchingSettings = z.output<typeof BatchingSettings>;
