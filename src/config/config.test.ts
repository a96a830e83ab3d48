import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig, modelSettingsOf } from './load-config.ts';
import { SettingsError } from './settings-problem.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-config-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function problemsOf(yaml: string): readonly string[] {
  try {
    loadConfig(folderWith({ 'galley.yaml': yaml }));
  } catch (caught) {
    assert.ok(caught instanceof SettingsError);
    return caught.problems;
  }
  return [];
}

test('no setting is required', () => {
  const { server } = loadConfig(folderWith({ 'galley.yaml': '' }));
  assert.equal(server.port, 8000);
  assert.equal(server.host, '127.0.0.1');
  assert.equal(server.maxBodyBytes, 64 * 1024 * 1024);
});

for (const [why, yaml, ...patterns] of [
  [
    'an unknown key is reported with the nearest and the valid names',
    'prot: 1',
    /unknown setting 'prot', did you mean 'port'\?/,
    /Valid here: name, host, port/,
  ],
  [
    'a nested unknown key is reported with its path',
    'models: {a: {batching: {maxBatch: 3}}}',
    /models\.a\.batching\.maxBatch/,
    /did you mean 'maxBatchSize'/,
  ],
  [
    'a wrong type is reported with the value and the wanted type',
    'port: eighty',
    /'port' is "eighty", wanted a whole number from 0 to 65535/,
  ],
  [
    'a value out of bounds is refused, not adjusted',
    'models: {a: {replicas: 0}}',
    /'models\.a\.replicas' is 0, wanted a whole number of at least 1/,
  ],
  [
    'an invalid choice is reported with the valid ones',
    'models: {a: {balancing: {strategy: rr}}}',
    /wanted one of round-robin, least-connections, least-latency, random, weighted/,
  ],
  ['invalid YAML is reported with its line', 'port: [1', /galley\.yaml: .*line 1/],
  ['a list is refused', '- 1', /wanted settings by name/],
] as const) {
  test(`settings: ${why}`, () => {
    const text = problemsOf(yaml).join('\n');
    for (const pattern of patterns) assert.match(text, pattern as RegExp);
  });
}

test('all problems are listed at once', () => {
  assert.equal(problemsOf('port: x\nhots: y\nmodels: {a: {threads: -1}}').length, 3);
});

test('a folder that does not exist is reported', () => {
  assert.throws(() => loadConfig(join(root, 'nowhere')), /no such file or folder/);
});

test('the settings file overrides model.yaml, which overrides the defaults', () => {
  const folder = folderWith({
    'galley.yaml':
      'defaults: {replicas: 2, threads: 3, batching: {maxBatchSize: 4}}\nmodels: {a: {batching: {maxWaitMs: 7}}}',
    'models/a/model.yaml': 'threads: 5\nbatching: {maxBatchSize: 6}',
  });
  const config = loadConfig(folder);
  const settings = modelSettingsOf(config, 'a', join(folder, 'models/a/model.yaml'));
  assert.equal(settings.replicas, 2);
  assert.equal(settings.threads, 5);
  assert.deepEqual(settings.batching, { maxBatchSize: 6, rows: 'auto', maxWaitMs: 7 });
});

test('flags and environment override the file and are validated like it', () => {
  const folder = folderWith({ 'galley.yaml': 'port: 1\nlog: {level: warn, format: json}' });
  const { server } = loadConfig(folder, { port: 2, log: { level: undefined, format: 'pretty' } });
  assert.equal(server.port, 2);
  assert.deepEqual(server.log, { level: 'warn', format: 'pretty' });
  assert.throws(() => loadConfig(folder, { port: 99_999 }), /'port' is 99999/);
});
