import * as z from 'zod';

/** The latency objective: batches are formed to meet it, and requests that cannot meet it are refused early. */
export const ObjectiveSettings = z.strictObject({
  latencyMs: z
    .number()
    .positive()
    .describe('Latency objective from admission to answer. It limits the size of batches.'),
  percentile: z
    .number()
    .min(50)
    .max(99.99)
    .default(99)
    .describe(
      'Percentage of answered requests that should meet the objective. A higher percentage leaves a larger margin.',
    ),
});
