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

const NAME = /^[\w.-]{1,64}$/;

/** What the settings file says of tenants. In types, a name cannot be told from `require`. */
export interface TenantsInput {
  readonly require?: boolean | undefined;
  readonly [name: string]: z.input<typeof TenantSettings> | boolean | undefined;
}

/** All tenants by name, and what holds for callers that are none of them. */
export interface TenantsSettings {
  readonly require: boolean;
  readonly accounts: Readonly<Record<string, TenantSettings>>;
}

const Tenants: z.ZodType<TenantsSettings, TenantsInput> = z
  .object({
    require: z
      .boolean()
      .default(false)
      .describe(
        'Every inference request must bear an API key; others are answered 401. Without it callers that are not named here ' +
          'share the account and the fair share of `default`, whatever they call themselves.',
      ),
  })
  .catchall(TenantSettings)
  .superRefine((tenants, context) => {
    const { require, ...accounts } = tenants;
    for (const name of Object.keys(accounts).filter((key) => !NAME.test(key))) {
      const message = 'a name of letters, digits, dots and dashes';
      context.addIssue({
        ...{ code: 'invalid_key', origin: 'record', path: [name], input: tenants, message },
        issues: [],
      });
    }
    const hasKeys = Object.values(accounts).some(({ apiKeyFile }) => apiKeyFile !== undefined);
    if (require && !hasKeys) {
      const message = 'at least one tenant with an apiKeyFile: else every request is refused';
      context.addIssue({ code: 'custom', path: ['require'], message });
    }
  })
  .transform(({ require, ...accounts }) => ({ require, accounts }));
export const TenantsSettings = Tenants.prefault({});
