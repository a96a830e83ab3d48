import * as z from 'zod';
import { duration, whole } from './fields.ts';
import { TargetName } from './route-fields.ts';

/** A comparison of the targets of a split by values that clients report. */
export const ExperimentSettings = z.strictObject({
  control: TargetName.describe('The variant that the others are compared with; one of the split.'),
  goal: z
    .enum(['higher', 'lower'])
    .default('higher')
    .describe('Whether higher or lower reported values are better.'),
  minimumEffect: z
    .number()
    .positive()
    .optional()
    .describe(
      'The smallest difference of means that matters. The test is most sensitive there. Default: it follows the spread.',
    ),
  level: z
    .number()
    .positive()
    .max(0.5)
    .default(0.05)
    .describe('Largest probability of a conclusion where there is no difference, over all looks.'),
  minOutcomes: whole(100).describe('Reported values of each variant before the first conclusion.'),
  whenDecided: z
    .enum(['report', 'promote'])
    .default('report')
    .describe('promote: a variant that is better gets all traffic; one that is worse gets none.'),
  allocation: z
    .enum(['fixed', 'thompson'])
    .default('fixed')
    .describe('thompson: the share of a variant follows the probability that it is the best.'),
  feedbackFor: duration('1h').describe('How long after an answer its value may be reported.'),
  maxPending: whole(100_000).describe(
    'Largest number of answers that wait for a value; beyond it, the oldest wait no more.',
  ),
});
export type ExperimentSettings = z.output<typeof ExperimentSettings>;
