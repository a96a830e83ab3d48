import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { askFactor, FactorClients, placeVersion } from '../support/factor-model.ts';
import { EditedFolder, folderEdit } from '../support/folder-edits.ts';
import { childrenOf, replicaProcesses } from '../support/processes.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-under-load-'));
const models = join(root, 'models');
const FILE = join(root, 'galley.yaml');
writeFileSync(
  FILE,
  'watch: {settleMs: 20, pollMs: 100}\ndefaults: {warmup: {enabled: false}, health: {readiness: {enabled: false}}}\n',
);
const rolling = join(models, 'm');
const edited = join(models, 'edited');
let server: RunningServer;
let url = '';

before(async () => {
  placeVersion(rolling, 1, 1);
  placeVersion(edited, 1, 1);
  // With settings of its own, a model without a version is broken and has not gone.
  writeFileSync(join(edited, 'model.yaml'), 'replicas: 1\n');
  server = await RunningServer.start([FILE, '--watch', '--log-level', 'error']);
  url = server.url;
});
after(async () => {
  const { pid } = server;
  await server.stop();
  assert.deepEqual(childrenOf(pid), []);
  assert.deepEqual(replicaProcesses(), []);
  rmSync(root, { recursive: true });
});

function residentMebibytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;
}

const SWAPS = 50;

test(`${SWAPS} version swaps under load fail no request, and leave no process and no memory`, async (t) => {
  const clients = new FactorClients(url);
  const swap = async (version: number) => {
    placeVersion(rolling, version, version);
    rmSync(join(rolling, String(version - 1)), { recursive: true });
    await until(`m/${version} serves`, async () => (await askFactor(url)).version === String(version));
  };
  // Memory grows until the garbage collector has seen the first ones.
  const first = SWAPS / 2;
  for (let version = 2; version <= first; version++) await swap(version);
  const before = residentMebibytes();
  for (let version = first + 1; version <= SWAPS + 1; version++) await swap(version);
  const answers = await clients.stop();
  const failed = answers.filter(
    ({ status, factor, version }) => status !== 200 || String(factor) !== version,
  );
  assert.deepEqual(failed, []);
  await until('the old versions have ended', () => childrenOf(server.pid).length === 2);
  const grownMebibytes = residentMebibytes() - before;
  t.diagnostic(
    `${answers.length} requests; memory ${Math.round(before)} MiB and ${Math.round(grownMebibytes)} more`,
  );
  assert.ok(grownMebibytes < 24, `${grownMebibytes} MiB more`);
});

test('after 200 random edits of a folder under load, what serves is what the folder says', async (t) => {
  const folder = new EditedFolder(edited);
  const seed = Number(process.env.GALLEY_SEED ?? 14);
  const edits = fc.sample(fc.tuple(folderEdit, fc.integer({ min: 0, max: 80 })), { numRuns: 200, seed });
  folder.complete.add(1);
  folder.place(1);
  const failures: string[] = [];
  let answered = 0;
  let isOver = false;
  const clients = [1, 2].map(async () => {
    while (!isOver) {
      const { status, factor, text } = await askFactor(url, 'edited');
      answered += 1;
      if (status !== 200 || factor === undefined || !folder.complete.has(factor)) failures.push(text);
    }
  });
  let checked = 0;
  for (const [number, [edit, waitMs]] of edits.entries()) {
    await folder.edit(edit, async () => void (await pause(waitMs / 4)));
    await pause(waitMs);
    if (number % 40 !== 39) continue;
    if (folder.wanted()?.factor === undefined) folder.place(6);
    const wanted = folder.wanted();
    await until(
      `version ${wanted?.version} serves ${wanted?.factor} after edit ${number} of seed ${seed}`,
      async () => {
        const { version, factor } = await askFactor(url, 'edited');
        return version === wanted?.version && factor === wanted?.factor;
      },
    );
    checked += 1;
  }
  isOver = true;
  await Promise.all(clients);
  assert.deepEqual(failures, []);
  t.diagnostic(`${answered} requests, ${checked} times as the folder says`);
  await until('nothing else runs', () => childrenOf(server.pid).length === 2);
});
