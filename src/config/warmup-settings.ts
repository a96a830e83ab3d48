import { z } from 'zod';

/** Rehearsal runs before a replica takes traffic. */
export const WarmupSettings = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Off: a replica takes traffic as soon as its model is loaded.'),
    budgetMs: z
      .number()
      .min(0)
      .default(5_000)
      .describe(
        'Time a replica may spend until its latency is stable; then it serves all the same, and the log says so.',
      ),
    windowRuns: z
      .int()
      .min(2)
      .default(5)
      .describe('Runs in each of the two neighbouring windows whose medians are compared.'),
    windowMs: z
      .number()
      .positive()
      .default(50)
      .describe('Runs that last this long together fill a window too, if there are at least two.'),
    tolerance: z
      .number()
      .positive()
      .default(0.1)
      .describe(
        'Latency is stable when the two medians differ by no more than this share of the smaller one, or by less than 0.1 ms.',
      ),
    sample: z
      .string()
      .optional()
      .describe(
        'File with a request body ({"inputs": [...]}) to run in warmup, one or several rows; an input without data is filled in. ' +
          'Several different rows show whether requests may share batches. Needed where no input can be made up that the model takes.',
      ),
  })
  .prefault({});
export type WarmupSettings = z.output<typeof WarmupSettings>;
