import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));

/** Which rooms each room imports, no more and no less: a permission that nobody needs any more fails too. */
const ROOMS: Readonly<Record<string, string>> = {
  base: '',
  tensor: 'base',
  config: 'base',
  model: 'base tensor',
  load: 'base',
  work: 'base config model tensor',
  replica: 'base model tensor work',
  batching: 'work',
  balancing: 'base config replica work',
  warmup: 'base model tensor work',
  health: 'replica work',
  runtime: 'base model tensor',
  process: 'base config model replica runtime tensor work',
  serving: 'balancing base batching config health model replica tensor work',
  fleet: 'balancing base batching config health model replica serving tensor warmup work',
  observe: 'base fleet replica serving work',
  api: 'base config fleet model observe serving tensor work',
  simulate: 'base batching config fleet model observe process replica serving tensor work',
  app: 'api base config fleet model observe process replica tensor warmup work',
  cli: 'app base client config fleet load model observe process simulate tensor warmup',
  client: 'model tensor',
  'index.ts': 'app base model',
};
/** Floors: a room imports only from floors below its own, so rooms of one floor never know each other. */
const FLOORS = [
  'base',
  'tensor config',
  'model load',
  'work',
  'replica',
  'batching balancing warmup health runtime',
  'process serving',
  'fleet',
  'observe',
  'api simulate',
  'app client',
  'cli index.ts',
];
/** The brain is synchronous: what decides holds no promise, no timer, no I/O. */
const SYNCHRONOUS =
  /^(batching|balancing|warmup|health)\/|^replica\/(roster|replica-state)|^serving\/(request-queue|dispatcher|[a-z]+-source)/;
const TIME_AND_CHANCE =
  /(?<![.\w])(Date\.now|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|process\.env|process\.exit)\b/;
const MAY_TOUCH_THE_WORLD = /^(base\/(clock|random)|app\/|cli\/|process\/(main|compute))/;
const BARRELS = ['index.ts', 'client/index.ts'];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => {
    const whole = readFileSync(join(SRC, file), 'utf8');
    return { file, text: withoutComments(whole), lines: whole.trimEnd().split('\n').length };
  });

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

function importsOf({ file, text }: { file: string; text: string }): string[] {
  const names = text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
  return [...names].map(([, name]) => normalize(join(dirname(file), name ?? '')));
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file;
}

test('every room imports exactly what the table says', () => {
  const found: Record<string, string> = {};
  for (const room of new Set(files.map(({ file }) => roomOf(file)))) {
    const imports = files
      .filter(({ file }) => roomOf(file) === room)
      .flatMap(importsOf)
      .map(roomOf);
    found[room] = [...new Set(imports)]
      .filter((other) => other !== room)
      .sort()
      .join(' ');
  }
  assert.deepEqual(found, { ...ROOMS });
});

test('imports go down', () => {
  const floorOf = (room: string) => FLOORS.findIndex((floor) => floor.split(' ').includes(room));
  for (const [room, imports] of Object.entries(ROOMS)) {
    for (const other of imports.split(' ').filter(Boolean)) {
      assert.ok(floorOf(other) < floorOf(room), `${room} imports ${other}, which is not below it`);
    }
  }
});

test('what decides is synchronous', () => {
  for (const { file, text } of files.filter(({ file }) => SYNCHRONOUS.test(file))) {
    assert.doesNotMatch(text, /\basync\b|\bawait\b|\bPromise\b|AbortSignal|from 'node:/, file);
  }
});

test('the dispatcher knows no concrete source', () => {
  const dispatcher = files.find(({ file }) => file === 'serving/dispatcher.ts');
  assert.ok(dispatcher !== undefined);
  assert.deepEqual(
    importsOf(dispatcher).filter((name) => /-source/.test(name)),
    ['serving/work-source.ts'],
  );
});

test('time, chance and environment come in at the edges alone', () => {
  for (const { file, text } of files.filter(({ file }) => !MAY_TOUCH_THE_WORLD.test(file))) {
    assert.doesNotMatch(text, TIME_AND_CHANCE, file);
  }
});

test('only classes have getters: one in a literal gives each object a hidden class, which outlives the object', () => {
  for (const { file, text } of files) assert.doesNotMatch(text, /^ {4,}(get|set) \w+\(/m, file);
});

test('files are short, and only the two entries re-export', () => {
  for (const { file, text, lines } of files) {
    assert.ok(lines <= 250, `${relative(SRC, file)} is too long`);
    if (!BARRELS.includes(file)) assert.doesNotMatch(text, /^export .* from /m, file);
  }
});
