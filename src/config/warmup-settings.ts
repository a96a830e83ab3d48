import * as z from 'zod';
import { flag, notNegative, positive, section, text } from './fields.ts';
import { WarmupInputSettings } from './signature-settings.ts';

/** Warmup runs before a replica takes traffic. */
export const WarmupSettings = section({
  enabled: flag(true).describe(
    'Whether a replica runs warmup before it takes traffic. false: it takes traffic as soon as its model is loaded.',
  ),
  budgetMs: notNegative(5_000).describe(
    'Longest time for latency to become stable. After it, the replica takes traffic anyway, and the server logs this.',
  ),
  windowRuns: z
    .int()
    .min(2)
    .default(5)
    .describe('Runs in each of the two consecutive windows whose medians are compared.'),
  windowMs: positive(50).describe(
    'A window is also full when its runs, at least two, take this long together.',
  ),
  tolerance: positive(0.1).describe(
    'Latency is stable when the two medians differ by at most this fraction of the smaller one, or by less than 0.1 ms.',
  ),
  sample: text().describe(
    'File with a request body ({"inputs": [...]}) of one or more rows to run in warmup; an input without data is generated. ' +
      'Several different rows show whether requests may share batches. Required when the model does not accept generated inputs.',
  ),
  inputs: z
    .array(WarmupInputSettings)
    .min(1)
    .optional()
    .describe('The same as sample, with the data in files of raw bytes. Not used if sample is set.'),
});
export type WarmupSettings = z.output<typeof WarmupSettings>;
