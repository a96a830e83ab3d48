import * as z from 'zod';
import { flag, section } from './fields.ts';

/** How changes of the models folder are found. */
export const WatchSettings = section({
  enabled: flag(false).describe(
    'Whether changes of the models folder and of the settings file are applied while the server runs, as with galley serve --watch.',
  ),
  settleMs: z
    .int()
    .min(10)
    .max(60_000)
    .default(150)
    .describe('How long the files of a model must not change before they are read.'),
  pollMs: z
    .int()
    .min(50)
    .max(600_000)
    .default(2_000)
    .describe(
      'Interval between two looks at the files. A file system that reports changes is looked at sooner; a network file system reports none.',
    ),
  maxFiles: z
    .int()
    .min(1)
    .default(10_000)
    .describe('Largest number of files that are looked at; beyond it a warning is logged.'),
});
export type WatchSettings = z.output<typeof WatchSettings>;
