import * as z from 'zod';
import { section } from './fields.ts';

const FINITE_CHECKS = ['nan', 'all', 'off'] as const;
export type FiniteCheck = (typeof FINITE_CHECKS)[number];

/** Which outputs of a model are refused. */
export const OutputsSettings = section({
  finite: z
    .enum(FINITE_CHECKS)
    .default('off')
    .describe(
      'Which non-finite values in float outputs make the answer to a row a 500 error. nan: NaN. all: NaN and infinities. off: none.',
    ),
});
export type OutputsSettings = z.output<typeof OutputsSettings>;
