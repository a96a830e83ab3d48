import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));

/** The rooms that each room imports, exactly: an unused permission fails too. */
const ROOMS: Readonly<Record<string, string>> = {
  base: '',
  tensor: 'base',
  config: 'base',
  model: 'base tensor',
  load: 'base',
  helpers: 'base',
  work: 'base config model tensor',
  replica: 'base model tensor work',
  batching: 'base work',
  balancing: 'base config replica work',
  warmup: 'base model tensor work',
  health: 'replica work',
  scaling: 'base',
  routing: 'base config model tensor',
  runtime: 'base config model tensor',
  process: 'base config model replica runtime tensor work',
  serving: 'balancing base batching config health model replica tensor work',
  fleet: 'balancing base batching config health model replica scaling serving tensor warmup work',
  observe: 'balancing base batching config fleet replica scaling serving work',
  gateway: 'base config fleet model replica routing serving tensor work',
  protocol: 'base batching config fleet gateway model observe routing tensor work',
  simulate:
    'base batching config fleet gateway model observe process replica routing scaling serving tensor work',
  app: 'base config fleet gateway model observe process protocol replica routing scaling tensor warmup work',
  cli: 'app base client config fleet load model observe process protocol routing simulate tensor warmup',
  client: 'model tensor',
  'index.ts': 'app base gateway model',
};
/** Sub-rooms in order: each imports only those to its left. `|` separates sub-rooms that never import each other. */
const SUB_ROOMS: Readonly<Record<string, string>> = {
  helpers: 'shared image|text|audio .',
  model: 'triton .',
  scaling: 'hpa .',
  routing: 'request statistics .',
  runtime: 'contract onnx|module|transformers .',
  process: 'wire gateway-side|child',
  serving: 'queue dispatch recovery admission',
  gateway: 'routes composition .',
  fleet: 'lifecycle monitor warmup version autoscale catalog',
  observe: 'decisions recorder alerts snapshot metrics',
  protocol: 'http fast-lane simple openai oip codec inference|health|admin .',
  simulate: 'backends replay faults policies scaling|routing',
  app: 'machine models operations replicas control frontend .',
};
/** Floors: a room imports only from floors below its own, so rooms of one floor never import each other. */
const FLOORS = [
  'base',
  'tensor config',
  'model load helpers',
  'work',
  'replica',
  'batching balancing warmup health scaling routing runtime',
  'process serving',
  'fleet',
  'observe',
  'gateway',
  'protocol simulate',
  'app client',
  'cli index.ts',
];
/** The core is synchronous: it contains no promise, no timer and no I/O. */
const SYNCHRONOUS =
  /^(batching|balancing|warmup|health|scaling|routing)\/|^replica\/(roster|replica-state)|^serving\/(queue|dispatch|recovery)\//;
const TIME_AND_CHANCE =
  /(?<![.\w])(Date\.now|performance\.now|setTimeout|setInterval|setImmediate|Math\.random|process\.env|process\.exit)\b/;
const MAY_TOUCH_THE_WORLD = /^(base\/(clock|random)|app\/|cli\/|process\/child\/)/;
/** What users import. */
const BARRELS = ['index.ts', 'client/index.ts', 'helpers/image.ts', 'helpers/text.ts', 'helpers/audio.ts'];

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

/** `.` for a file directly in its room. */
function subRoomOf(file: string): string {
  return file.split('/').at(-2) === roomOf(file) ? '.' : (file.split('/')[1] ?? '');
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

test('rooms import only from lower floors', () => {
  const floorOf = (room: string) => FLOORS.findIndex((floor) => floor.split(' ').includes(room));
  for (const [room, imports] of Object.entries(ROOMS)) {
    for (const other of imports.split(' ').filter(Boolean)) {
      assert.ok(floorOf(other) < floorOf(room), `${room} imports ${other}, which is not below it`);
    }
  }
});

test('sub-rooms import only those to their left', () => {
  for (const [room, order] of Object.entries(SUB_ROOMS)) {
    const columns = order.split(' ').map((column) => column.split('|'));
    const columnOf = (name: string) => columns.findIndex((column) => column.includes(name));
    const inside = files.filter(({ file }) => roomOf(file) === room);
    assert.deepEqual(
      [...new Set(inside.map(({ file }) => subRoomOf(file)))].sort(),
      columns.flat().sort(),
      `the sub-rooms of ${room}`,
    );
    for (const from of inside) {
      for (const to of importsOf(from).filter((other) => roomOf(other) === room)) {
        const [here, there] = [subRoomOf(from.file), subRoomOf(to)];
        assert.ok(here === there || columnOf(there) < columnOf(here), `${from.file} imports ${to}`);
      }
    }
  }
});

test('no file imports itself, directly or indirectly', () => {
  const importsByFile = new Map(files.map((each) => [each.file, importsOf(each)]));
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    assert.ok(!way.includes(file), `a circle: ${[...way.slice(way.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of importsByFile.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const { file } of files) visit(file, []);
});

test('only the protocols use HTTP', () => {
  for (const { file, text } of files.filter(({ file }) => !file.startsWith('protocol/'))) {
    assert.doesNotMatch(text, /from 'node:http'/, file);
  }
});

test('the core is synchronous', () => {
  for (const { file, text } of files.filter(({ file }) => SYNCHRONOUS.test(file))) {
    assert.doesNotMatch(text, /\basync\b|\bawait\b|\bPromise\b|AbortSignal|from 'node:(?!crypto')/, file);
  }
});

test('the dispatcher imports no concrete work source', () => {
  const dispatcher = files.find(({ file }) => file === 'serving/dispatch/dispatcher.ts');
  assert.ok(dispatcher !== undefined);
  assert.deepEqual(
    importsOf(dispatcher).filter((name) => /-source/.test(name)),
    ['serving/dispatch/work-source.ts'],
  );
});

test('time, randomness and environment are read only at the edges', () => {
  for (const { file, text } of files.filter(({ file }) => !MAY_TOUCH_THE_WORLD.test(file))) {
    assert.doesNotMatch(text, TIME_AND_CHANCE, file);
  }
});

test('only classes have getters: one in a literal gives each object its own hidden class, which outlives it', () => {
  for (const { file, text } of files) assert.doesNotMatch(text, /^ {4,}(get|set) \w+\(/m, file);
});

test('files are short, and only the entries of the package re-export', () => {
  for (const { file, text, lines } of files) {
    assert.ok(lines <= 250, `${relative(SRC, file)} is too long`);
    if (!BARRELS.includes(file)) assert.doesNotMatch(text, /^export .* from /m, file);
  }
});
