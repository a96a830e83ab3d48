import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Asked, askHeld } from '../support/asking.ts';
import { writeHeldModel } from '../support/held-model.ts';
import { replicaProcesses } from '../support/processes.ts';
import { galley, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-tenants-'));
const held = writeHeldModel(join(root, 'held'));
const MODEL = `models: {held: {${held.settings}}}`;
let files = 0;
let server: RunningServer;

function settingsFile(tenants: string): string {
  const file = join(root, `${files++}.yaml`);
  writeFileSync(file, `${MODEL}\ntenants: ${tenants}`);
  return file;
}

before(async () => {
  writeFileSync(join(root, 'keys'), 'first-key\n\n  second-key  \n');
  writeFileSync(join(root, 'other-keys'), 'other-key');
  // One token in twenty minutes: none is refilled during the test.
  const slow = 'ratePerSecond: 0.0008';
  server = await RunningServer.start([
    settingsFile(
      `{keyed: {apiKeyFile: keys}, other: {apiKeyFile: other-keys, ${slow}}, thrifty: {${slow}, burst: 3},
        quick: {ratePerSecond: 4, burst: 1}, default: {${slow}, burst: 4}}`,
    ),
  ]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

async function ask(headers: Record<string, string>): Promise<Asked> {
  return askHeld(server.url, 'held', 0, { headers });
}

async function statusOf(headers: Record<string, string>): Promise<number> {
  return (await ask(headers)).status;
}

test('a tenant that has exceeded its burst is answered 429 with Retry-After', async () => {
  const mine = { 'x-galley-tenant': 'thrifty' };
  const statuses = await Promise.all([mine, mine, mine, mine, mine].map(statusOf));
  assert.deepEqual(statuses.sort(), [200, 200, 200, 429, 429]);
  const { reason, error, headers } = await ask(mine);
  assert.equal(reason, 'TENANT_QUOTA');
  assert.equal(error, "tenant 'thrifty' exceeded its quota (ratePerSecond); try again later");
  const [seconds, ms] = ['retry-after', 'retry-after-ms'].map((name) => Number(headers.get(name)));
  // Twenty minutes per token, up to ten more for the jitter, less the time since the last token.
  assert.ok(Number(ms) > 1_000_000 && Number(ms) <= 1_250_000 * 1.5, `${ms}`);
  assert.equal(seconds, Math.ceil(Number(ms) / 1000));
});

test('a quota refills, and a client that waits for Retry-After is answered', async () => {
  const mine = { 'x-galley-tenant': 'quick' };
  assert.equal(await statusOf(mine), 200);
  const askedAt = performance.now();
  const refused = await ask(mine);
  const answered = await until('there is a token again', async () => (await statusOf(mine)) === 200);
  assert.ok(answered);
  if (refused.status === 200) return;
  const toldMs = Number(refused.headers.get('retry-after-ms'));
  assert.ok(toldMs > 0 && toldMs <= 250 * 1.5, `${toldMs}`);
  assert.equal(refused.headers.get('retry-after'), '1');
  // Retry-After is at least the time to the next token, which comes no earlier than two thirds of it.
  assert.ok(performance.now() - askedAt >= toldMs / 1.5 - 1, `${performance.now() - askedAt} ${toldMs}`);
});

test('unlisted tenants share the quota of default, whatever name they send', async () => {
  for (const headers of [{}, { 'x-galley-tenant': 'somebody' }, { 'x-galley-tenant': 'another' }]) {
    assert.equal(await statusOf(headers as Record<string, string>), 200);
  }
  assert.equal(await statusOf({ 'x-galley-tenant': 'default' }), 200);
  const { status, error } = await ask({ 'x-galley-tenant': 'somebody' });
  assert.equal(status, 429);
  assert.match(error ?? '', /^tenant 'somebody' exceeded its quota/);
  assert.match((await ask({})).error ?? '', /^tenant 'default' exceeded its quota/);
});

test('each line of a key file authenticates its tenant, as x-api-key or as a bearer token', async () => {
  for (const headers of [
    { 'x-api-key': 'first-key' },
    { 'x-api-key': 'second-key' },
    { authorization: 'Bearer first-key' },
    { authorization: 'bearer  second-key' },
    { 'x-api-key': 'first-key', 'x-galley-tenant': 'keyed' },
    // The key decides the tenant, not the name.
    { 'x-api-key': 'first-key', 'x-galley-tenant': 'other' },
  ]) {
    assert.equal(await statusOf(headers as Record<string, string>), 200, JSON.stringify(headers));
  }
});

test('a key uses only the quota of its own tenant', async () => {
  const other = { 'x-api-key': 'other-key' };
  assert.equal(await statusOf(other), 200);
  assert.match((await ask(other)).error ?? '', /^tenant 'other' exceeded its quota/);
  assert.equal(await statusOf({ 'x-api-key': 'first-key' }), 200);
});

for (const headers of [
  { 'x-api-key': 'a-guess' },
  { 'x-api-key': '' },
  { authorization: 'Bearer a-guess' },
  { 'x-api-key': 'a-guess', 'x-galley-tenant': 'keyed' },
  { 'x-api-key': 'a-guess', authorization: 'Bearer first-key' },
]) {
  test(`${JSON.stringify(headers)} is refused`, async () => {
    const { status, reason, error } = await ask(headers as Record<string, string>);
    assert.deepEqual([status, reason], [401, 'UNAUTHENTICATED']);
    assert.equal(error, 'the API key is unknown');
  });
}

test('the name of a tenant with keys is refused without a key', async () => {
  const { status, reason, error } = await ask({ 'x-galley-tenant': 'keyed' });
  assert.deepEqual([status, reason], [401, 'UNAUTHENTICATED']);
  assert.equal(error, "tenant 'keyed' requires its API key: send it as x-api-key");
  // A refused name does not use the quota.
  for (let count = 0; count < 5; count++) assert.equal(await statusOf({ 'x-galley-tenant': 'other' }), 401);
});

for (const name of ['', 'two words', 'a/b', 'x'.repeat(65), 'a,b', 'é']) {
  test(`'${name.slice(0, 20)}' is refused as a tenant name`, async () => {
    const { status, reason, error } = await ask({ 'x-galley-tenant': name });
    assert.deepEqual([status, reason], [400, 'INVALID_INPUT']);
    assert.match(
      error ?? '',
      /^x-galley-tenant must consist of 1 to 64 letters, digits, dots, dashes and underscores/,
    );
  });
}

test('read-only requests need no key and have no quota', async () => {
  for (const path of ['/v2/models/held', '/metrics', '/health/ready', '/v2']) {
    for (let count = 0; count < 6; count++) assert.equal((await fetch(server.url + path)).status, 200, path);
  }
});

for (const [why, tenants, pattern] of [
  [
    'a missing key file',
    '{a: {apiKeyFile: missing}}',
    /tenants\.a\.apiKeyFile: [^\n]*missing does not exist/,
  ],
  [
    'a key file without a key',
    '{a: {apiKeyFile: blank}}',
    /tenants\.a\.apiKeyFile: blank is empty, wanted one key per line/,
  ],
  [
    'a key shared by two tenants',
    '{a: {apiKeyFile: keys}, b: {apiKeyFile: keys}}',
    /tenants\.b\.apiKeyFile: a key also belongs to tenant 'a'/,
  ],
  [
    'an invalid tenant name',
    "{'a b': {weight: 2}}",
    /'a b' under 'tenants', wanted a name of 1 to 64 letters, digits, dots, dashes or underscores/,
  ],
  ['a rate of 0', '{a: {ratePerSecond: 0}}', /tenants\.a\.ratePerSecond.*above 0/],
  ['an unknown setting', '{a: {ratePerSeconds: 1}}', /did you mean 'ratePerSecond'/],
] as const) {
  test(`${why} ends the start with one clear line, and leaves no child`, async () => {
    writeFileSync(join(root, 'blank'), '\n  \n');
    const before = replicaProcesses();
    const ended = await galley(['serve', settingsFile(tenants), '--port', '0', '--log-level', 'silent']);
    await until('no child is left', () => replicaProcesses().every((pid) => before.includes(pid)));
    assert.equal(ended.code, 1, ended.stdout);
    assert.match(ended.stderr, pattern);
    assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
  });
}
