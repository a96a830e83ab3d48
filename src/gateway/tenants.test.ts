import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { TenantSettings } from '../config/tenant-settings.ts';
import { DEFAULT_TENANT } from '../work/entry.ts';
import { callerOf } from './caller.ts';
import { keyHash, Tenants } from './tenants.ts';

function tenantsOf(settings: Record<string, object>, keys: Record<string, string> = {}, require = false) {
  const clock = new VirtualClock();
  const parsed = Object.entries(settings).map(([name, it]) => [name, TenantSettings.parse(it)] as const);
  const hashes = new Map(Object.entries(keys).map(([key, name]) => [keyHash(key), name]));
  return {
    clock,
    tenants: new Tenants({ require, accounts: Object.fromEntries(parsed) }, hashes, {
      clock,
      random: seededRandom(1),
    }),
  };
}

const reason = (it: object) => (isRefusal(it) ? it.reason : it);

test('without configured tenants every valid name is the default tenant', () => {
  const { tenants } = tenantsOf({});
  assert.equal(tenants.enter({}), DEFAULT_TENANT);
  assert.equal(tenants.enter({ 'x-galley-tenant': 'a' }), DEFAULT_TENANT);
  for (const name of ['', 'a b', 'ä', 'x'.repeat(65), 'a\n']) {
    assert.equal(reason(tenants.enter({ 'x-galley-tenant': name })), 'INVALID_INPUT');
  }
});

test('a configured tenant has its weight, and any other name has that of the default tenant', () => {
  const { tenants } = tenantsOf({ gold: { weight: 4 }, default: { weight: 0.5 } });
  assert.deepEqual(tenants.enter({ 'x-galley-tenant': 'gold' }), { name: 'gold', weight: 4 });
  assert.deepEqual(tenants.enter({ 'x-galley-tenant': 'other' }), { name: 'default', weight: 0.5 });
  assert.deepEqual(tenants.enter({}), { name: 'default', weight: 0.5 });
});

test('a tenant with keys is proven only by a key, and no other caller can claim its name', () => {
  const { tenants } = tenantsOf({ gold: { apiKeyFile: 'keys', weight: 4 }, open: {} }, { secret: 'gold' });
  const gold = { name: 'gold', weight: 4 };
  assert.deepEqual(tenants.enter({ 'x-api-key': 'secret' }), gold);
  assert.deepEqual(tenants.enter({ authorization: 'bearer  secret' }), gold);
  assert.deepEqual(
    tenants.enter({ 'x-api-key': 'secret', 'x-galley-tenant': 'open' }),
    gold,
    'the key takes precedence',
  );
  assert.equal(reason(tenants.enter({ 'x-api-key': 'wrong' })), 'UNAUTHENTICATED');
  assert.equal(reason(tenants.enter({ 'x-galley-tenant': 'gold' })), 'UNAUTHENTICATED');
  assert.deepEqual(tenants.enter({ 'x-galley-tenant': 'open' }), { name: 'open', weight: 1 });
});

test('names of object properties are names like any other', () => {
  const { tenants } = tenantsOf({ gold: { ratePerSecond: 1 } });
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.deepEqual(tenants.enter({ 'x-galley-tenant': name }), { name: 'default', weight: 1 });
  }
});

test('unconfigured names share one account, and none of them is stored', () => {
  const { tenants } = tenantsOf({ gold: {} });
  const first = tenants.enter({});
  for (let index = 0; index < 1_000; index++) {
    assert.equal(tenants.enter({ 'x-galley-tenant': `name-${index}` }), first);
  }
});

test('where a key is required a name does not replace it', () => {
  const { tenants } = tenantsOf({ gold: { apiKeyFile: 'keys' }, open: {} }, { secret: 'gold' }, true);
  assert.deepEqual(tenants.enter({ 'x-api-key': 'secret' }), { name: 'gold', weight: 1 });
  for (const headers of [{}, { 'x-galley-tenant': 'open' }, { 'x-galley-tenant': 'anything' }]) {
    assert.equal(reason(tenants.enter(headers)), 'UNAUTHENTICATED');
  }
});

test('each configured tenant has its own quota, and all other names share one', () => {
  const { clock, tenants } = tenantsOf({
    gold: { ratePerSecond: 2 },
    default: { ratePerSecond: 1, burst: 1 },
  });
  const as = (name: string) => {
    const it = tenants.enter({ 'x-galley-tenant': name });
    return isRefusal(it) ? it.reason : it.name;
  };
  assert.deepEqual(['a', 'b', 'gold', 'gold', 'gold'].map(as), [
    'default',
    'TENANT_QUOTA',
    'gold',
    'gold',
    'TENANT_QUOTA',
  ]);
  const refused = tenants.enter({ 'x-galley-tenant': 'b' });
  assert.ok(isRefusal(refused));
  const waitMs = refused.retryAfterMs ?? 0;
  assert.ok(waitMs >= 1_000 && waitMs <= 1_500, `${waitMs}`);
  clock.advance(waitMs);
  assert.equal(as('b'), 'default');
});

test('a refusal for a wrong key or name uses no quota', () => {
  const { tenants } = tenantsOf(
    { gold: { apiKeyFile: 'keys', ratePerSecond: 1, burst: 1 } },
    { secret: 'gold' },
  );
  for (let time = 0; time < 5; time++) tenants.enter({ 'x-galley-tenant': 'gold' });
  assert.ok(!isRefusal(tenants.enter({ 'x-api-key': 'secret' })));
});

test('a caller with an invalid timeout gets the problem', () => {
  const { tenants } = tenantsOf({});
  const of = (timeout: string) => callerOf({ 'x-request-timeout-ms': timeout }, tenants);
  for (const timeout of ['0', '-1', 'soon', 'Infinity', '', 'NaN'])
    assert.equal(reason(of(timeout)), 'INVALID_INPUT');
  assert.deepEqual(of('12.5'), { tenant: DEFAULT_TENANT, timeoutMs: 12.5, isExplained: false, waitedMs: 0 });
  const explained = callerOf({ 'x-galley-explain': '1' }, tenants);
  assert.ok(!isRefusal(explained) && explained.isExplained);
});

test('code of this process names any tenant without its key, and uses its quota', () => {
  const accounts = { gold: { apiKeyFile: 'keys', weight: 4, ratePerSecond: 1, burst: 1 }, open: {} };
  const { tenants } = tenantsOf(accounts, { secret: 'gold' }, true);
  assert.deepEqual(tenants.enterNamed('gold'), { name: 'gold', weight: 4 });
  assert.equal(reason(tenants.enterNamed('gold')), 'TENANT_QUOTA');
  assert.deepEqual(tenants.enterNamed('other'), { name: 'default', weight: 1 });
  assert.deepEqual(tenants.enterNamed(undefined), { name: 'default', weight: 1 });
  assert.equal(reason(tenants.enterNamed('a b')), 'INVALID_INPUT');
  assert.equal(tenantsOf({}).tenants.enterNamed(undefined), DEFAULT_TENANT);
});
