import * as z from 'zod';
import { duration, percentage, share, text, whole } from './fields.ts';
import { KeySource, TargetName } from './route-fields.ts';

/** How two answers to the same request are compared. */
export const CompareSettings = z.strictObject({
  by: z
    .enum(['exact', 'top1', 'tolerance'])
    .default('tolerance')
    .describe(
      'exact: equal bytes. top1: the largest element of each row is at the same place. tolerance: each number differs at most by `tolerance`.',
    ),
  output: text().describe('The output that is compared. Default: all outputs that both answers have.'),
  tolerance: z
    .number()
    .min(0)
    .default(0.001)
    .describe('Largest difference of two numbers, relative to the larger one or to 1.'),
});
export type CompareSettings = z.output<typeof CompareSettings>;

const GateSettings = z
  .strictObject({
    errors: share(0.01).describe('Largest excess of the share of failed requests over that of the control.'),
    p99Ratio: z
      .number()
      .min(1)
      .default(1.5)
      .describe('Largest ratio of the 99th percentile of the latency to that of the control.'),
    objectiveMs: z.number().positive().optional().describe('At most 1 % of the requests may take longer.'),
    disagreement: z
      .number()
      .positive()
      .max(1)
      .optional()
      .describe(
        'Largest share of answers that differ from those of the control. The control answers the same requests a second time, as a shadow.',
      ),
  })
  .prefault({});

/** A new version that takes over step by step while its gates hold. */
export const CanarySettings = z
  .strictObject({
    from: TargetName.describe('The control, which serves now.'),
    to: TargetName.describe('The canary, which is to take over.'),
    steps: z
      .array(percentage(0))
      .min(1)
      .default([1, 5, 25, 100])
      .describe('Shares of the canary, in percent, one after the other.'),
    every: duration('10m').describe('Time at each share, such as 30s, 10m or 2h.'),
    minRequests: whole(100).describe('Requests that the canary must have served at a share before the next.'),
    stickyBy: KeySource.optional().describe('Requests of the same key stay with the same version.'),
    gates: GateSettings.describe('A gate that is broken rolls back at once.'),
    compare: CompareSettings.prefault({}).describe('How answers are compared for gates.disagreement.'),
  })
  .refine(({ steps }) => steps.every((step, at) => step > (steps[at - 1] ?? 0)), {
    error: 'percentages that rise, above 0',
    path: ['steps'],
  });
export type CanarySettings = z.output<typeof CanarySettings>;
