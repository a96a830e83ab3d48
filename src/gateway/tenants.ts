import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { TenantsSettings } from '../config/tenant-settings.ts';
import { DEFAULT_TENANT, type Tenant } from '../work/entry.ts';
import { fieldIn, type MetadataFields } from './call-metadata.ts';
import { TokenBucket } from './token-bucket.ts';

/** The name of the settings for all other tenants. */
const DEFAULT = 'default';
const NAME = /^[\w.-]{1,64}$/;
const BEARER = /^bearer +/i;

interface Account {
  readonly tenant: Tenant;
  readonly bucket: TokenBucket | undefined;
  readonly needsKey: boolean;
}

/** The hash that identifies an API key: the keys themselves are not kept. */
export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}

/** Determines from the headers which tenant a request counts for, and applies its quota. */
export class Tenants {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #accounts = new Map<string, Account>();
  readonly #keys: ReadonlyMap<string, string>;
  readonly #isKeyRequired: boolean;
  /** All unnamed tenants, whatever name they send: a share for each name would give a sender any number of shares. */
  readonly #stranger: Tenant;

  /** `keys` are tenants by the hash of their API keys. */
  constructor(
    { require, accounts }: TenantsSettings,
    keys: ReadonlyMap<string, string>,
    { clock, random }: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#keys = keys;
    this.#isKeyRequired = require;
    for (const [name, it] of Object.entries(accounts)) {
      const { weight, ratePerSecond, burst, apiKeyFile } = it;
      const bucket =
        ratePerSecond === undefined
          ? undefined
          : new TokenBucket({ ratePerSecond, burst: burst ?? Math.max(1, ratePerSecond) }, clock.now());
      this.#accounts.set(name, { tenant: { name, weight }, bucket, needsKey: apiKeyFile !== undefined });
    }
    const isAlone = this.#accounts.size === 0;
    this.#stranger =
      this.#accounts.get(DEFAULT)?.tenant ?? (isAlone ? DEFAULT_TENANT : { name: DEFAULT, weight: 1 });
  }

  /** Whether the tenant is proven by its key; any client can claim a name alone. */
  isProven({ name }: Tenant): boolean {
    return this.#accounts.get(name)?.needsKey === true;
  }

  /** The tenant of a request, after taking a token of its quota; a refusal if none is left or its key is missing. */
  enter(headers: MetadataFields): Tenant | Refusal {
    const named = headers['x-galley-tenant'];
    if (named === undefined && this.#accounts.size === 0) return DEFAULT_TENANT;
    const byKey = this.#keys.size === 0 ? undefined : this.#tenantOfKey(headers);
    if (typeof byKey === 'object') return byKey;
    if (this.#isKeyRequired && byKey === undefined) {
      return refuse(
        'UNAUTHENTICATED',
        'no API key was sent, but this server requires one: send it as x-api-key, or as authorization: Bearer KEY',
      );
    }
    if (named !== undefined && (typeof named !== 'string' || !NAME.test(named))) {
      return refuse(
        'INVALID_INPUT',
        'x-galley-tenant must consist of 1 to 64 letters, digits, dots, dashes and underscores',
      );
    }
    const name = byKey ?? named ?? DEFAULT;
    const account = this.#accounts.get(name);
    if (account?.needsKey === true && byKey !== name) {
      return refuse('UNAUTHENTICATED', `tenant '${name}' requires its API key: send it as x-api-key`);
    }
    return this.#take(name, account);
  }

  /** The tenant that a trusted caller names, after taking a token of its quota: code in this process needs no key. */
  enterNamed(name: string | undefined): Tenant | Refusal {
    if (name === undefined && this.#accounts.size === 0) return DEFAULT_TENANT;
    if (name !== undefined && !NAME.test(name)) {
      return refuse(
        'INVALID_INPUT',
        `tenant is '${name.slice(0, 64)}', wanted 1 to 64 letters, digits, dots, dashes and underscores`,
      );
    }
    return this.#take(name ?? DEFAULT, this.#accounts.get(name ?? DEFAULT));
  }

  #take(name: string, account: Account | undefined): Tenant | Refusal {
    const waitMs = (account ?? this.#accounts.get(DEFAULT))?.bucket?.take(this.#clock.now()) ?? 0;
    if (waitMs > 0) {
      // Jitter, so that clients do not all retry at the same moment.
      const retryAfterMs = Math.round(waitMs * (1 + this.#random.unit() / 2));
      return refuse(
        'TENANT_QUOTA',
        `tenant '${name}' exceeded its quota (ratePerSecond); try again later`,
        retryAfterMs,
      );
    }
    return account?.tenant ?? this.#stranger;
  }

  /** undefined where no key was sent; a refusal where the key is unknown. */
  #tenantOfKey(headers: MetadataFields): string | Refusal | undefined {
    const key = fieldIn(headers, 'x-api-key') ?? fieldIn(headers, 'authorization')?.replace(BEARER, '');
    if (key === undefined) return undefined;
    return this.#keys.get(keyHash(String(key))) ?? refuse('UNAUTHENTICATED', 'the API key is unknown');
  }
}
