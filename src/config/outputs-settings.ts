import { z } from 'zod';

const FINITE_CHECKS = ['nan', 'all', 'off'] as const;
export type FiniteCheck = (typeof FINITE_CHECKS)[number];

/** What a model may never answer. */
export const OutputsSettings = z
  .strictObject({
    finite: z
      .enum(FINITE_CHECKS)
      .default('off')
      .describe(
        'A row whose float outputs hold NaN (nan), or NaN or an infinity (all), is answered 500; off lets them pass.',
      ),
  })
  .prefault({});
export type OutputsSettings = z.output<typeof OutputsSettings>;
