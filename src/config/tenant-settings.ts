import { z } from 'zod';

/** On whose account requests run. The name `default` is for everybody who is not named. */
export const TenantSettings = z.strictObject({
  apiKeyFile: z
    .string()
    .optional()
    .describe(
      'File with API keys, one a line. Requests with one of them, as x-api-key or bearer token, are this tenant; ' +
        'without one nobody can claim its name. Relative to the settings file.',
    ),
  weight: z
    .number()
    .positive()
    .default(1)
    .describe('Its share beside that of others, when there is not enough for all.'),
  ratePerSecond: z
    .number()
    .positive()
    .optional()
    .describe('Requests a second it may make in the long run; more are answered 429.'),
  burst: z
    .number()
    .min(1)
    .optional()
    .describe('Requests it may make at once after a rest. Default: those of a second, at least 1.'),
});
export type TenantSettings = z.output<typeof TenantSettings>;
