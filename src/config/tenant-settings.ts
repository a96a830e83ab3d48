import * as z from 'zod';
import { flag, positive, text } from './fields.ts';

/** Quota and share of one tenant. The tenant `default` stands for all callers without a named tenant. */
export const TenantSettings = z.strictObject({
  apiKeyFile: text().describe(
    'File with API keys, one per line, relative to the settings file. A request with one of the keys, as x-api-key or bearer token, belongs to this tenant; ' +
      'a request without a key cannot use its name.',
  ),
  weight: positive(1).describe(
    'Share of the capacity under overload, relative to the weights of the other tenants.',
  ),
  ratePerSecond: z
    .number()
    .positive()
    .optional()
    .describe('Sustained requests per second; requests beyond it are refused with 429.'),
  burst: z
    .number()
    .min(1)
    .optional()
    .describe('Largest number of requests at once after idle time. Default: ratePerSecond, at least 1.'),
});
export type TenantSettings = z.output<typeof TenantSettings>;

const NAME = /^[\w.-]{1,64}$/;

/** The tenants as in the settings file. The type cannot exclude `require` from the names. */
export interface TenantsInput {
  readonly require?: boolean | undefined;
  readonly [name: string]: z.input<typeof TenantSettings> | boolean | undefined;
}

/** All tenants by name, and whether callers without a key are refused. */
export interface TenantsSettings {
  readonly require: boolean;
  readonly accounts: Readonly<Record<string, TenantSettings>>;
}

const Tenants: z.ZodType<TenantsSettings, TenantsInput> = z
  .object({
    require: flag(false).describe(
      'Whether every inference request must carry an API key; a request without one is refused with 401. If false, callers ' +
        'without a tenant named here share the quota and the weight of `default`, whatever name they send.',
    ),
  })
  .catchall(TenantSettings)
  .superRefine((tenants, context) => {
    const { require, ...accounts } = tenants;
    for (const name of Object.keys(accounts).filter((key) => !NAME.test(key))) {
      const message = 'a name of 1 to 64 letters, digits, dots, dashes or underscores';
      context.addIssue({
        ...{ code: 'invalid_key', origin: 'record', path: [name], input: tenants, message },
        issues: [],
      });
    }
    const hasKeys = Object.values(accounts).some(({ apiKeyFile }) => apiKeyFile !== undefined);
    if (require && !hasKeys) {
      const message = 'at least one tenant with an apiKeyFile: without API keys every request is refused';
      context.addIssue({ code: 'custom', path: ['require'], message });
    }
  })
  .transform(({ require, ...accounts }) => ({ require, accounts }));
export const TenantsSettings = Tenants.prefault({});
