import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { isAlive } from '../support/processes.ts';
import { PROJECT, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-package-'));
after(() => {
  RunningServer.endAll();
  rmSync(root, { recursive: true, force: true });
});
const project = join(root, 'project');
const NOT_IN_A_CLONE = new Set(['node_modules', 'dist', '.git']);

/** The commands npm needs, and none that could build a native module. */
function pathWithoutCompilers(): string {
  const folder = join(root, 'bin');
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  for (const name of ['npm', 'npx', 'sh']) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    symlinkSync(stdout.trim(), join(folder, name));
  }
  return folder;
}

/** An environment without anything of this project. */
const ENVIRONMENT = {
  PATH: pathWithoutCompilers(),
  HOME: process.env.HOME,
  npm_config_prefer_offline: 'true',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      /^(npm_config_(registry|cache|cafile)|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/i.test(name),
    ),
  ),
};

/** Runs a command that must succeed without warnings. */
function run(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: ENVIRONMENT,
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
  assert.doesNotMatch(stdout + stderr, /npm warn|deprecated/i);
  return stdout;
}

/** The code blocks of a document, by language. */
function codeIn(document: string, language: string, containing = ''): string {
  const page = readFileSync(join(PROJECT, document), 'utf8');
  const blocks = page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'));
  const code = [...blocks].map(([, each = '']) => each).find((each) => each.includes(containing));
  assert.ok(code !== undefined, `${document} has no ${language}`);
  return code;
}

before(() => {
  const clone = join(root, 'clone');
  cpSync(PROJECT, clone, {
    recursive: true,
    filter: (path) => path === PROJECT || !NOT_IN_A_CLONE.has(basename(path)),
  });
  run(clone, 'npm', 'pack');
  const tarball = readdirSync(clone).find((name) => name.endsWith('.tgz')) ?? 'none';
  mkdirSync(join(project, 'models/sum'), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{"private": true}');
  run(project, 'npm', 'install', join(clone, tarball));
  cpSync(join(PROJECT, 'examples/models/digits'), join(project, 'models/digits'), { recursive: true });
  writeFileSync(join(project, 'models/sum/model.ts'), codeIn('README.md', 'ts', 'defineModel'));
});

test('the package contains code and documents, and no test', () => {
  const installed = join(project, 'node_modules/galley');
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
    (file) => !file.startsWith('node_modules'),
  );
  for (const file of [
    'README.md',
    'LICENSE',
    'galley.schema.json',
    'docs/library.md',
    'docs/models.md',
    'dist/bundle/galley.js',
    'dist/bundle/THIRD-PARTY-LICENSES',
    'dist/src/index.d.ts',
  ]) {
    assert.ok(files.includes(file), file);
  }
  const unwanted =
    /\.test\.|\.map$|^(src|test|bench|tools)\b|^dist\/(?!src|bundle)|^dist\/src\/.*(?<!\.d)\.[jt]s$/;
  assert.deepEqual(
    files.filter((file) => unwanted.test(file)),
    [],
  );
});

test('no dependency runs an install script, which could download or build', () => {
  const text = readFileSync(join(project, 'node_modules/.package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, { hasInstallScript?: boolean }> };
  const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  assert.deepEqual(scripted, []);
  const runtime = readFileSync(
    join(project, 'node_modules/galley/node_modules/onnxruntime-node/package.json'),
    'utf8',
  );
  assert.equal((JSON.parse(runtime) as { scripts?: object }).scripts, undefined);
});

test('npx galley serves a folder of models from the package, and ends on SIGTERM', async () => {
  const npx = spawn('npx', ['galley', 'serve', 'models', '--port', '0', '--log-level', 'silent'], {
    ...{ cwd: project, env: { ...ENVIRONMENT, HOME: ENVIRONMENT.HOME ?? '' } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = await RunningServer.of(npx);
  assert.doesNotMatch(server.output.stderr, /npm warn/i);
  const infer = async (model: string, body: string | Buffer) => {
    const response = await fetch(`${server.url}/v2/models/${model}/infer`, { method: 'POST', body });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return (JSON.parse(text) as { outputs: { data: number[] }[] }).outputs[0]?.data ?? [];
  };
  const digit = await infer('digits', readFileSync(join(PROJECT, 'examples/digit.json')));
  assert.equal(digit.length, 10);
  const row = { name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] };
  assert.deepEqual(await infer('sum', JSON.stringify({ inputs: [row] })), [3, 7]);
  const replicas = ((await (await fetch(`${server.url}/admin/models`)).json()) as { models: object[] })
    .models;
  assert.equal(replicas.length, 2);
  server.kill('SIGTERM');
  await server.ended();
  await until('it has stopped answering', async () =>
    fetch(`${server.url}/health/live`).then(
      () => false,
      () => true,
    ),
  );
  await until('npx has ended', () => !isAlive(server.pid));
});

test('a TypeScript program finds the types, and the documented example works', () => {
  writeFileSync(join(project, 'example.mts'), codeIn('docs/library.md', 'ts'));
  writeFileSync(
    join(project, 'wrong.mts'),
    `import { createServer, defineModel, OperatorError, type RunningServer } from 'galley';
     const server: RunningServer = await createServer({ from: 'models', strict: false });
     // @ts-expect-error a port is a number
     await createServer({ settings: { port: 'eighty' } });
     // @ts-expect-error there is no such setting
     await createServer({ settings: { prot: 1 } });
     // @ts-expect-error there is no such datatype
     defineModel({ inputs: [{ name: 'x', datatype: 'FLOAT', shape: [1] }], outputs: [], predict: () => ({}) });
     const x = { name: 'x', datatype: 'INT64', shape: [-1] } as const;
     const signature = { inputs: [x], outputs: [x] } as const;
     // @ts-expect-error the output is missing
     defineModel({ ...signature, predict: () => ({}) });
     defineModel({ ...signature, load: () => 2n, predict: ({ x: { shape, data } }, by) => ({ x: { shape, data: data.map((each) => each * by) } }) });
     console.log(server.url, OperatorError.name);`,
  );
  // The types of the documented program must not need those of Node or of a web framework.
  writeFileSync(join(project, 'embedded.mts'), codeIn('docs/library.md', 'ts', 'createGalley'));
  const options = '--strict --module nodenext --target es2023 --lib es2023,dom'.split(' ');
  const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc');
  run(project, 'node', compiler, ...options, 'example.mts', 'embedded.mts', 'wrong.mts');
  assert.equal(run(project, 'node', 'example.mjs').trim().split('\n').at(-1), '[ 1, 10 ]');
  const [answer, refusal] = run(project, 'node', 'embedded.mjs').trim().split('\n').slice(-2);
  assert.equal(answer, 'FP32 [ 1, 10 ]');
  assert.match(refusal ?? '', /^INVALID_INPUT 400 undefined unexpected shape for input 'image'/);
});

test('the helpers have types, and say which package they need', () => {
  const program = `
    import { mono, readWav, resample } from 'galley/audio';
    import { decodeImage, imageTensor } from 'galley/image';
    import { loadTokenizer, type Tokenizer } from 'galley/text';
    export const samples = (wav: Uint8Array): Float32Array => resample(mono(readWav(wav)), 8000, 16000);
    export const pixels = async (png: Uint8Array): Promise<Float32Array> => imageTensor(await decodeImage(png)).data;
    export const ids = (tokenizer: Tokenizer): BigInt64Array => tokenizer.encode(['x']).input_ids.data;
    await loadTokenizer('.').catch((error: Error) => console.log(error.message));
    await pixels(Buffer.from('GIF89a')).catch((error: Error) => console.log(error.message));`;
  writeFileSync(join(project, 'helpers.mts'), program);
  writeFileSync(join(project, 'tokenizer.json'), '{}');
  const options = '--strict --module nodenext --target es2023 --lib es2023,dom'.split(' ');
  const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc');
  const types = ['--typeRoots', join(PROJECT, 'node_modules/@types'), '--types', 'node'];
  run(project, 'node', compiler, ...options, ...types, 'helpers.mts');
  assert.equal(
    run(project, 'node', 'helpers.mjs'),
    `galley/text needs the package @huggingface/tokenizers, which is not installed: install it beside galley with: npm install @huggingface/tokenizers@0.2
galley/image needs the package sharp, which is not installed: install it beside galley with: npm install sharp@0.35
`,
  );
});
