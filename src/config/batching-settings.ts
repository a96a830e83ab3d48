import { z } from 'zod';

/** How rows of several requests become one run of the model. */
export const BatchingSettings = z
  .strictObject({
    maxBatchSize: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Most rows in one batch; 1 turns batching off. Default: where the model has a batch axis 32, or with an objective what it allows, up to 1024; else 1.',
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
