import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GalleyClient } from '../../src/client/index.ts';
import { galley, PROJECT, RunningServer } from '../support/running-server.ts';

const HELD_OUT = fileURLToPath(new URL('../../../test/e2e/held-out-digits.bin', import.meta.url));
const PIXELS = 784;

let server: RunningServer;
before(async () => {
  server = await RunningServer.start(['examples/galley.yaml']);
});
after(async () => server.stop());

/** Share of the held-out digits that a version classifies correctly, through the server in requests of 100. */
async function accuracyOf(version: string): Promise<number> {
  const bytes = readFileSync(HELD_OUT);
  const count = bytes.length / (PIXELS + 1);
  const client = new GalleyClient(server.url);
  let right = 0;
  for (let start = 0; start < count; start += 25) {
    const rows = Math.min(25, count - start);
    const image = new Float32Array(rows * PIXELS);
    for (let row = 0; row < rows; row++) {
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        image[row * PIXELS + pixel] = (bytes[(start + row) * (PIXELS + 1) + 1 + pixel] as number) / 255;
      }
    }
    const { outputs } = await client.infer(
      'digits',
      [{ name: 'image', datatype: 'FP32', shape: [rows, PIXELS], data: image }],
      { version },
    );
    const probabilities = outputs[0]?.data as Float32Array;
    for (let row = 0; row < rows; row++) {
      const chances = [...probabilities.subarray(row * 10, row * 10 + 10)];
      if (chances.indexOf(Math.max(...chances)) === bytes[(start + row) * (PIXELS + 1)]) right += 1;
    }
  }
  return right / count;
}

test('the dense model classifies at least 96 % of the held-out digits through the server, the convolutional one 98 %', async () => {
  assert.ok((await accuracyOf('1')) >= 0.96);
  assert.ok((await accuracyOf('2')) >= 0.98);
});

test('the curl lines that serve prints work, and the digit is a seven', () => {
  const lines = server.output.stdout.split('\n').filter((line) => line.trim().startsWith('curl '));
  assert.equal(lines.length, 2);
  const answers = lines.map((line) =>
    execFileSync('sh', ['-c', `${line.trim()} --silent`], { cwd: PROJECT, encoding: 'utf8' }),
  );
  const digits = JSON.parse(answers[0] ?? '') as { model_name: string; outputs: { data: number[] }[] };
  assert.equal(digits.model_name, 'digits');
  const chances = digits.outputs[0]?.data ?? [];
  assert.equal(chances.indexOf(Math.max(...chances)), 7);
  assert.equal((JSON.parse(answers[1] ?? '') as { model_name: string }).model_name, 'voice-activity');
});

test('the simple form takes a digit as rows and columns too', async () => {
  const { inputs } = JSON.parse(readFileSync(join(PROJECT, 'examples/digit.json'), 'utf8')) as {
    inputs: { data: number[] }[];
  };
  const flat = inputs[0]?.data ?? [];
  const square = Array.from({ length: 28 }, (_, row) => flat.slice(28 * row, 28 * row + 28));
  for (const instances of [[flat], [square]]) {
    const response = await fetch(`${server.url}/v1/models/digits:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances }),
    });
    const { predictions } = (await response.json()) as { predictions: number[][] };
    const [chances = []] = predictions;
    assert.equal(chances.indexOf(Math.max(...chances)), 7);
  }
});

test('galley infer reads a picture and names the digit', async () => {
  const { code, stdout } = await galley([
    'infer',
    'digits',
    '--input',
    'examples/digit.png',
    '--url',
    server.url,
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /digits \(version 2\)\n {2}probabilities \[1,10\]: 7 \d/);
});

test('galley infer takes JSON from stdin, a version, and prints JSON when asked', async () => {
  const body = readFileSync(join(PROJECT, 'examples/digit.json'), 'utf8');
  const args = ['infer', 'digits', '--input', '-', '--url', server.url, '--model-version', '1', '--json'];
  const { code, stdout } = await galley(args, body);
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { model_version: string }).model_version, '1');
});

for (const [why, args, code, pattern] of [
  ['a missing model', ['infer', 'nope', '--input', 'examples/digit.json'], 3, /unknown model: 'nope'/],
  [
    'a picture for a model without image settings',
    ['infer', 'voice-activity', '--input', 'examples/digit.png'],
    1,
    /no image settings/,
  ],
  ['a missing file', ['infer', 'digits', '--input', 'nowhere.json'], 1, /cannot read nowhere\.json/],
] as const) {
  test(`galley infer: ${why}`, async () => {
    const ended = await galley([...args, '--url', server.url]);
    assert.equal(ended.code, code);
    assert.match(ended.stderr, pattern);
  });
}

test('galley infer: no server', async () => {
  const ended = await galley([
    'infer',
    'digits',
    '--input',
    'examples/digit.json',
    '--url',
    'http://127.66.77.88:9797',
  ]);
  assert.equal(ended.code, 3);
  assert.match(ended.stderr, /no server answers at http:\/\/127\.66\.77\.88:9797/);
});

test('galley bench measures and reports what the load generator used', async () => {
  const { code, stdout } = await galley([
    'bench',
    'digits',
    '--url',
    server.url,
    '--concurrency',
    '4',
    '--duration',
    '500ms',
    '--warmup',
    '100ms',
  ]);
  assert.ok(code === 0 || /VOID/.test(stdout), stdout);
  assert.match(stdout, /rate +[\d.]+ answers\/s/);
  assert.match(stdout, /errors +0 of/);
  assert.match(stdout, /generator +\d+ % of a core/);
});

for (const [why, args, pattern] of [
  ['a wrong flag names the nearest right one', ['serve', '--prot', '1'], /Did you mean --port\?/],
  ['a wrong command too', ['serv'], /Did you mean serve\?/],
  ['a port that is none', ['serve', '--port', 'x'], /Wanted a whole number from 0 to 65535/],
] as const) {
  test(`usage: ${why}`, async () => {
    const ended = await galley(args);
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, pattern);
  });
}

test("the README's model in TypeScript is served unchanged, outside the checkout", async () => {
  const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
  const code = /```ts\n([\s\S]*?defineModel[\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'galley-readme-'));
  mkdirSync(join(folder, 'models/adder'), { recursive: true });
  writeFileSync(join(folder, 'models/adder/model.ts'), code);
  const own = await RunningServer.start([folder, '--log-level', 'silent']);
  const body = JSON.stringify({
    instances: [
      [1, 2],
      [30, 4],
    ],
  });
  const response = await fetch(`${own.url}/v1/models/adder:predict`, { method: 'POST', body });
  assert.deepEqual(await response.json(), { predictions: [3, 34] });
  await own.stop();
  rmSync(folder, { recursive: true });
});

test('galley check opens every model, and lists every problem with exit code 1', async () => {
  const good = await galley(['check', 'examples/galley.yaml']);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /ok: digits\/1 .*\nok: digits\/2 .*\nok: voice-activity\/1/);
  const folder = mkdtempSync(join(tmpdir(), 'galley-check-'));
  mkdirSync(join(folder, 'models/a/1'), { recursive: true });
  mkdirSync(join(folder, 'models/b'), { recursive: true });
  writeFileSync(join(folder, 'models/a/1/model.onnx'), 'broken');
  writeFileSync(join(folder, 'models/b/model.js'), 'export default 1;');
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const bad = await galley(['check', folder]);
  rmSync(folder, { recursive: true });
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /model 'a\/1' cannot be served/);
  assert.match(bad.stderr, /model 'b\/1' cannot be served: .*default export is number/);
});

test('galley bench shows a replica of digits come', async () => {
  const { code } = await galley(['bench', 'digits', '--url', server.url]);
  assert.equal(code, 0);
  const answer = await fetch(`${server.url}/admin/decisions?kind=scaling&model=digits`);
  const { decisions } = (await answer.json()) as { decisions: { words: string }[] };
  assert.match(decisions[0]?.words ?? '', /1 → 2 replicas, by in flight/);
});
