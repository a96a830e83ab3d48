import { z } from 'zod';

/** When a replica counts as alive, and how its replacement is timed. */
export const HealthSettings = z
  .strictObject({
    startupTimeoutMs: z
      .number()
      .positive()
      .default(120_000)
      .describe(
        'A replica that is not ready by then, loaded and warmed up, is ended and counts as a bad life.',
      ),
    beatPeriodMs: z
      .number()
      .min(10)
      .default(1_000)
      .describe('How often a replica reports memory, CPU time and progress.'),
    missedBeats: z
      .int()
      .min(2)
      .default(30)
      .describe('A replica silent for this many periods is ended and replaced.'),
    maxBadLives: z
      .int()
      .min(1)
      .default(6)
      .describe(
        'After so many lives in a row that ended within a minute of becoming ready, or before, the model is given up.',
      ),
  })
  .prefault({});
export type HealthSettings = z.output<typeof HealthSettings>;
