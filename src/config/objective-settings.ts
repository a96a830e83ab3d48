import { z } from 'zod';

/** By when answers should be there: batches are formed so that they are, and what cannot be is refused early. */
export const ObjectiveSettings = z.strictObject({
  latencyMs: z
    .number()
    .positive()
    .describe('From admission to answer. Batches are as large as this allows, and no larger.'),
  percentile: z
    .number()
    .min(50)
    .max(99.99)
    .default(99)
    .describe(
      'Share of answered requests, in percent, that should keep it: the higher, the more margin is left.',
    ),
});
