import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { replicaProcesses } from '../support/processes.ts';
import { type Ended, galley, PROJECT, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-check-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

async function project(
  files: Readonly<Record<string, string>>,
  copies: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = join(root, String(folders++));
  mkdirSync(join(folder, 'models'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  for (const [to, from] of Object.entries(copies)) {
    await cp(join(PROJECT, from), join(folder, to), { recursive: true });
  }
  return folder;
}

function model(definition: string): string {
  return `import { defineModel } from 'galley';
    const x = { name: 'x', datatype: 'FP32', shape: [-1, 2] };
    export default defineModel({ inputs: [x], outputs: [x], predict: ({ x }) => ({ x }), ${definition} });`;
}

/** Runs the check, and asserts that no process is left and no output line comes from a library. */
async function check(folder: string, ...flags: readonly string[]): Promise<Ended> {
  const before = replicaProcesses();
  const ended = await galley(['check', folder, ...flags]);
  await until('no process is left', () => replicaProcesses().every((pid) => before.includes(pid)));
  assert.doesNotMatch(
    ended.stdout + ended.stderr,
    /^\s+at |ZodError|\bE[A-Z]{4,}\b|SyntaxError|node_modules/m,
  );
  return ended;
}

test('a working repository is ok, with the messages of a start, and leaves no files or processes', async () => {
  const folder = await project(
    { 'galley.yaml': 'decisions: {file: decisions.log}\nmodels: {digits: {replicas: 2}}' },
    {
      'models/digits': 'examples/models/digits',
      'models/iris.onnx': 'test/conformance/field/zipmap/text.onnx',
    },
  );
  const { code, stdout, stderr } = await check(folder);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ok: digits\/2 \(.*model\.onnx\), 1 inputs, 1 outputs, batches up to 32$/m);
  assert.match(stdout, /^ok: iris\/1 /m);
  assert.match(
    stdout,
    /^warning: iris\/1: output 'output_probability' is a list of dictionaries \(ZipMap\)/m,
  );
  assert.equal(existsSync(join(folder, 'decisions.log')), false);
  assert.deepEqual(readdirSync(folder).sort(), ['galley.yaml', 'models']);
});

test('one run reports all problems: settings, environment, files, loading, warmup', async () => {
  const folder = await project(
    {
      'galley.yaml':
        'prot: 1\nhost: [1]\nmodels:\n  good: {threads: none}\n  nowhere: {}\n  twice: {versions: [3]}\n  late: {goal: balanced}',
      'models/good/model.mjs': model(''),
      'models/twice/1/model.mjs': model(''),
      'models/late/1/model.mjs': model(''),
      'models/corrupt/1/model.onnx': 'this is no model',
      'models/throwing/1/model.mjs': 'throw new Error("no such luck")',
      'models/unwarm/1/model.mjs': model("predict() { throw new Error('not today'); }"),
      'models/unwarm/model.yaml': 'warmup: {sample: sample.json}',
      'models/unwarm/sample.json':
        '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}',
      'models/padded/1/model.mjs': model(''),
      'models/padded/model.yaml': 'padding: {axis: 7, inputs: [y]}',
      'models/hollow/1/readme.txt': '',
      'models/notes/readme.txt': '',
    },
    {},
  );
  process.env.GALLEY_PORT = 'eighty';
  const ended = await check(folder).finally(() => delete process.env.GALLEY_PORT);
  assert.equal(ended.code, 1);
  for (const pattern of [
    /unknown setting 'prot', did you mean 'port'/,
    /'host' is \[1\], wanted text/,
    /flags or environment: 'port' is "eighty", wanted a whole number from 0 to 65535/,
    /'models\.good\.threads' is "none"/,
    /'models\.late\.goal' is "balanced", wanted .*or an objective in addition|settings of model 'late': 'goal'.*or an objective in addition/,
    /model 'nowhere' cannot be served: it has settings but no model file/,
    /model 'twice\/3' cannot be served: version 3 does not exist, found 1/,
    /model 'corrupt\/1' cannot be served: the file is not a complete ONNX model/,
    /model 'throwing\/1' cannot be served: no such luck/,
    /model 'unwarm\/1' cannot be served: warmup failed: .*not today/,
    /model 'padded\/1' cannot be served: .*padding/,
    /model 'hollow' cannot be served: .* contains readme\.txt, wanted model\.onnx/,
  ]) {
    assert.match(ended.stderr, pattern);
  }
  assert.match(ended.stdout, /^ok: good\/1 /m);
  assert.match(ended.stdout, /^warning: .*notes is skipped: it contains no model/m);
});

test('a model that a start refuses is refused with the same message', async () => {
  const folder = await project({
    'models/unwarm/1/model.mjs': model("predict() { throw new Error('not today'); }"),
    'models/unwarm/model.yaml': 'warmup: {sample: sample.json}',
    'models/unwarm/sample.json':
      '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}',
  });
  const checked = await check(folder);
  const served = await galley(['serve', '--strict', '--port', '0', '--log-level', 'silent', folder]);
  assert.equal(served.code, 1);
  assert.equal(checked.stderr, served.stderr);
});

test('a model that takes too long is reported at the timeout, and ended', async () => {
  const folder = await project({
    'models/endless/model.mjs': model('load() { for (;;); }'),
    'models/good/model.mjs': model(''),
    'galley.yaml': 'models: {good: {warmup: {enabled: false}}}',
  });
  const startedAt = performance.now();
  const { code, stdout, stderr } = await check(folder, '--timeout', '3s');
  assert.equal(code, 1);
  assert.match(stderr, /model 'endless\/1' is not ready after 3 s: its replica is starting .*--timeout/);
  assert.match(stdout, /^ok: good\/1 /m);
  assert.ok(performance.now() - startedAt < 10_000);
});

test('an interrupted check leaves no process', async () => {
  const folder = await project({ 'models/endless/model.mjs': model('load() { for (;;); }') });
  const before = replicaProcesses();
  const child = spawn(process.execPath, [join(PROJECT, 'dist/bundle/galley.js'), 'check', folder]);
  await until('it loads', () => replicaProcesses().length > before.length);
  child.kill('SIGINT');
  await until('nothing is left', () => replicaProcesses().every((pid) => before.includes(pid)));
});

test('a picture setting that names no input of the model is a warning', async () => {
  const folder = await project({
    'models/m/model.mjs': model(''),
    'models/m/model.yaml': 'image: {input: picture, width: 2, height: 2}',
  });
  const { code, stdout } = await check(folder);
  assert.equal(code, 0);
  assert.match(stdout, /^warning: m\/1: image\.input is 'picture', but the model's inputs are: x$/m);
});

for (const [why, yaml, pattern] of [
  [
    'an alias bomb',
    `a: &a [${'x,'.repeat(9)}x]\n${'bcdefg'
      .split('')
      .map((key, index) => `${key}: &${key} [${`*${'abcdef'[index]},`.repeat(9)}*a]`)
      .join('\n')}`,
    /aliases \(\*name\) expand to more than 100 values/,
  ],
  ['an alias in itself', 'models: {a: &a {image: *a}}', /refers to a group that contains it/],
  ['an alias to nothing', 'port: *p', /galley\.yaml: line 1, column 7: an alias .* has no anchor/],
  ['a tab', 'models:\n\ta: {}', /galley\.yaml: line 2, column 1: a tab is used as indentation/],
  ['the same name twice', 'port: 1\nport: 2', /galley\.yaml: line 2, column 1: a duplicate name/],
  ['two documents', 'port: 1\n---\nport: 2', /galley\.yaml: line 2, column 1: a second document/],
  ['a quote that is not closed', 'name: "x\n', /galley\.yaml: line \d, column \d: .*quote/],
  ['no number', 'maxBodyBytes: .inf', /'maxBodyBytes' is Infinity, wanted a whole number/],
  [
    'image settings',
    'models: {a: {image: {width: 0, channels: 2, layout: x}}}',
    /'models\.a\.image\.channels' is 2/,
  ],
  ['padding settings', 'models: {a: {padding: {axis: 0, inputs: []}}}', /'models\.a\.padding\.axis' is 0/],
  [
    'a number as versions',
    'models: {a: {versions: 3}}',
    /'models\.a\.versions' is 3, wanted one of latest, all, or a non-empty list/,
  ],
  [
    'a version beyond what is exact',
    'models: {a: {versions: [20240131123456789]}}',
    /'models\.a\.versions\.0' is 20240131123456788, wanted .*more than 15 digits lose precision: put the number in quotes/,
  ],
  ['names of objects', 'constructor: 1\n__proto__: {port: 2}', /unknown setting '__proto__'/],
] as const) {
  test(`invalid settings get a message of Galley: ${why}`, async () => {
    const folder = await project({ 'galley.yaml': yaml });
    const ended = await check(folder);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, pattern);
    for (const line of ended.stderr.trim().split('\n')) assert.match(line, /^galley: /);
    const served = await galley(['serve', '--port', '0', folder]);
    assert.equal(served.code, 1, served.stdout);
    assert.match(served.stderr, pattern);
  });
}

test('an anchor and its aliases stand for the same settings', async () => {
  const folder = await project({
    'galley.yaml':
      'models:\n  a: &common {replicas: 1, warmup: {enabled: false}}\n  b: {<<: *common, threads: 1}',
    'models/a/model.mjs': model(''),
    'models/b/model.mjs': model(''),
  });
  const { code, stderr } = await check(folder);
  assert.equal(code, 0, stderr);
});

test('galley.yml is read like galley.yaml, but not both', async () => {
  const folder = await project({ 'galley.yml': 'prot: 1' });
  assert.match((await check(folder)).stderr, /galley\.yml: unknown setting 'prot'/);
  writeFileSync(join(folder, 'galley.yaml'), '');
  assert.match(
    (await check(folder)).stderr,
    /found both .*galley\.yaml and .*galley\.yml, wanted one settings file: remove one of them/,
  );
});

test('--set of a replay is validated like settings', async () => {
  const folder = await project({ 'models/m/model.mjs': model('') });
  const file = join(folder, 'm.rec');
  const server = await RunningServer.start([folder, '--record', file], { isRecorded: false });
  await fetch(`${server.url}/v2/models/m/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }),
  });
  await server.stop();
  assert.equal((await galley(['replay', file, '--set', 'batching.maxBatchSize=8'])).code, 0);
  for (const [set, pattern] of [
    ['batching.maxBatchSize=many', /--set.*'batching\.maxBatchSize' is "many", wanted a whole number/],
    ['batching.maxBatch=8', /--set.*unknown setting 'batching\.maxBatch', did you mean 'maxBatchSize'/],
    ['batching=5', /--set.*'batching' is 5, wanted a group/],
    ['batching.maxWaitMs=[1', /--set batching\.maxWaitMs=\[1: line 1, column \d+: /],
    ['x=*y', /--set x=\*y: line 1, column 1: an alias/],
    ['=5', /wanted setting=value/],
    ['nothing', /wanted setting=value/],
  ] as const) {
    const ended = await galley(['replay', file, '--set', set]);
    assert.equal(ended.code, 1, set);
    assert.match(ended.stderr, pattern);
    assert.doesNotMatch(ended.stderr, /^\s+at |ZodError/m);
  }
  for (const [name, bytes] of [
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('this is no recording')],
  ] as const) {
    writeFileSync(join(folder, name), bytes);
    const ended = await galley(['replay', join(folder, name)]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /not a Galley recording/);
  }
  assert.match((await galley(['replay', join(folder, 'nowhere')])).stderr, /nowhere does not exist/);
});
