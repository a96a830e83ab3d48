import * as z from 'zod';
import { flag, section } from './fields.ts';

/** How a new version takes the place of the one that serves. */
export const RolloutSettings = section({
  strategy: z
    .enum(['replace', 'recreate'])
    .default('replace')
    .describe(
      'replace: the new version loads and warms up while the old one serves, and no request fails; there must be memory for both. ' +
        'recreate: the old version ends first, and requests are refused with 503 until the new one is ready.',
    ),
  keepPrevious: flag(false).describe(
    'Whether the version that was replaced stays loaded, so that galley rollback is instant. It keeps its memory.',
  ),
});
export type RolloutSettings = z.output<typeof RolloutSettings>;

const NUMBER = /^\d{1,20}$/;

/** A version number: a whole number, or its text where it has more than 15 digits. */
const VersionNumber = z.union([z.int().min(1), z.string().regex(NUMBER)]);

/** Which versions of a model are served. */
export const VersionsSetting = z
  .union([
    z.enum(['latest', 'all']),
    z.array(VersionNumber).min(1),
    z.strictObject({ latest: z.int().min(1).max(100) }),
  ])
  .default('latest')
  .describe(
    'Versions to serve. latest: the highest number; {latest: 2}: the two highest. all: every version. A list: the listed numbers; put numbers of more than 15 digits in quotes.',
  );

/** Names of versions. A name is no number, so that it is told from one in a path. */
export const LabelsSetting = z
  .record(z.string().regex(/^[a-z][\w.-]{0,62}$/i), VersionNumber)
  .default({})
  .describe(
    'Names of versions, such as stable: 1 and canary: 2. Requests and routes use them in place of the number: digits/canary.',
  );
