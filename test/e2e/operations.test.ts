import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { childrenOf } from '../support/processes.ts';
import { galley, RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-operations-'));
after(() => rmSync(root, { recursive: true }));

async function start(more = ''): Promise<RunningServer> {
  const file = join(root, 'galley.yaml');
  const model = `fragile: {path: ${join(TEST_MODELS, 'fragile')}, replicas: 2, warmup: {enabled: false}}`;
  writeFileSync(file, `models: {${model}}\n${more}`);
  const server = await RunningServer.start([file]);
  // The start completes with the first replica; the other one may still be starting.
  await until('both are ready', async () => {
    const { models } = (await (await fetch(`${server.url}/admin/models`)).json()) as {
      models: { versions: { replicas: { state: string }[] }[] }[];
    };
    return models[0]?.versions[0]?.replicas.every(({ state }) => state === 'ready');
  });
  return server;
}

async function order(url: string, value: number): Promise<Response> {
  return fetch(`${url}/v2/models/fragile/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'order', shape: [1], datatype: 'INT32', data: [value] }] }),
  });
}

interface Shown {
  readonly id: number;
  readonly kind: string;
  readonly words: string;
}

async function decisions(url: string, query: string): Promise<Shown[]> {
  const response = await fetch(`${url}/admin/decisions?${query}`);
  return ((await response.json()) as { decisions: Shown[] }).decisions;
}

test('an operator reads decisions live and afterwards, and can restart a replica', async () => {
  const server = await start();
  const { url } = server;
  const live = await fetch(`${url}/admin/decisions?kind=admin,replica`, {
    headers: { accept: 'text/event-stream' },
  });
  let stream = '';
  const reading = (async () => {
    for await (const chunk of live.body ?? []) stream += Buffer.from(chunk as Uint8Array).toString();
  })();
  assert.equal((await order(url, 0)).status, 200);
  const path = `${url}/admin/models/fragile/versions/1/replicas/0`;
  assert.equal((await fetch(`${path}/restart`, { method: 'POST' })).status, 200);
  await until('it is back', async () =>
    /"incarnation":2/.test(await (await fetch(`${url}/admin/models/fragile`)).text()),
  );
  await until('it was told', () => /process 2 went from warming to ready/.test(stream));
  assert.match(stream, /event: admin\ndata: .*an operator requested: restart/);

  const [admin] = await decisions(url, 'kind=admin');
  assert.match(admin?.words ?? '', /^fragile\/1#0: an operator requested: restart$/);
  assert.deepEqual(await decisions(url, 'model=nobody'), []);
  const all = await decisions(url, 'limit=1000');
  const later = await decisions(url, `since=${admin?.id}&limit=1000`);
  assert.ok(later.length > 0 && later.length < all.length && later.every(({ id }) => id > (admin?.id ?? 0)));
  assert.equal((await fetch(`${url}/admin/decisions?since=yesterday`)).status, 400);
  assert.equal((await fetch(`${path}/dance`, { method: 'POST' })).status, 404);
  assert.equal(
    (await fetch(`${url}/admin/models/fragile/versions/1/replicas/9/drain`, { method: 'POST' })).status,
    409,
  );
  await server.stop();
  await reading;
});

test('a drained replica stays stopped, an ejected one gets no requests, and both return on command', async () => {
  const server = await start();
  const { url } = server;
  const act = async (index: number, action: string) =>
    (await fetch(`${url}/admin/models/fragile/versions/1/replicas/${index}/${action}`, { method: 'POST' }))
      .status;
  assert.equal(await act(0, 'eject'), 200);
  for (let count = 0; count < 5; count++) assert.equal((await order(url, 0)).status, 200);
  assert.equal(await act(0, 'restore'), 200);
  assert.equal(await act(1, 'drain'), 200);
  await until('one process is left', () => childrenOf(server.pid).length === 1);
  assert.equal((await order(url, 0)).status, 200);
  assert.equal(await act(1, 'drain'), 409);
  // The process may have exited before the server learns of it.
  await until('it may start again', async () => (await act(1, 'restart')) === 200);
  await until('there are two again', () => childrenOf(server.pid).length === 2);
  await server.stop();
});

test('a recording is written on SIGUSR2, replayed, and replayed with other settings', async () => {
  const server = await start(`recorder: {directory: ${root}}\nmaxLoadingReplicas: 1`);
  for (let count = 0; count < 20; count++) await order(server.url, 0);
  await order(server.url, 1);
  server.kill('SIGUSR2');
  const file = await until('it is written', () => {
    const name = readdirSync(root).find((entry) => entry.endsWith('.rec'));
    return name === undefined ? undefined : join(root, name);
  });
  await server.stop();
  const same = await galley(['replay', file]);
  assert.match(same.stdout, /^the replay matches: \d+ inputs, \d+ decisions/);
  assert.equal(same.code, 0);
  const steps = await galley(['replay', file, '--steps']);
  assert.match(steps.stdout, /→ fragile\/1#1 process 0: stopped to waiting, .* maxLoadingReplicas allows/);
  assert.match(
    steps.stdout,
    /a replica that waited may start\n.*→ fragile\/1#1 process 1: waiting to starting/,
  );
  assert.match(steps.stdout, /fragile\/1 +→ fragile\/1#0 process 1: warming to ready, warmup completed/);
  const whatIf = await galley(['replay', file, '--set', 'batching.maxWaitMs=50']);
  assert.match(whatIf.stdout, /latency p99 +\d+\.\d+ ms +→ +5\d\.\d+ ms/);
  const wrong = await galley(['replay', file, '--set', 'maxWaitMs']);
  assert.match(wrong.stderr, /--set maxWaitMs: wanted setting=value/);
  const torn = join(root, 'torn');
  writeFileSync(torn, readFileSync(file).subarray(100));
  const broken = await galley(['replay', torn]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /not a Galley recording/);
});

test('decisions are written to a file, and inconsistent times are refused', async () => {
  const file = join(root, 'decisions.jsonl');
  const server = await start(`decisions: {file: ${file}}`);
  await server.stop();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.ok(lines.some((line) => (JSON.parse(line) as { facts: { to?: string } }).facts.to === 'ready'));

  const settings = join(root, 'bad.yaml');
  const model = `{path: ${join(TEST_MODELS, 'echo')}, health: {readiness: {periodMs: 100, timeoutMs: 200}}}`;
  writeFileSync(settings, `models: {echo: ${model}}`);
  const refused = await galley(['serve', settings, '--port', '0']);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /health.readiness.timeoutMs is 200, wanted less than health.readiness.periodMs \(100\)/,
  );
  assert.equal(existsSync(`${file}.1`), false);
});
