import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { segmentsOf } from '../../tensor/segments.ts';
import { typedArrayOf } from '../../tensor/tensor.ts';
import type { Runtime } from '../contract/runtime.ts';
import { loadModule } from './module-runtime.ts';

for (const name of ['plain.mjs', 'a(1).mjs', 'a[.mjs', 'a+b*.mjs', '($&).mjs']) {
  test(`an error in ${name} names its line`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'galley-module-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, name);
    const tensor = "[{name: 'x', datatype: 'FP32', shape: [-1]}]";
    writeFileSync(
      file,
      `export default { inputs: ${tensor}, outputs: ${tensor},\n predict() {\n  throw new Error('broken'); } };`,
    );
    const runtime = await loadModule({ runtime: 'module', file, threads: 1, device: 'cpu' });
    const call = {
      rows: 1,
      parameters: {},
      refuseRow() {},
      isPractice: false,
      refuseInput() {},
      ask: async () => [],
    };
    await assert.rejects(runtime.run([], call), (error: Error) => {
      assert.equal(error.message, `broken (${name}, line 3)`);
      return true;
    });
  });
}

const TENSOR = "[{ name: 'x', datatype: 'FP32', shape: [-1] }]";

/** Loads a module made of these files, of which the first is the model's own. */
async function moduleOf(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'galley-typescript-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const file = join(folder, Object.keys(files)[0] ?? '');
  return loadModule({ runtime: 'module', file, threads: 1, device: 'cpu' });
}

async function predict(runtime: Runtime, ...numbers: number[]): Promise<number[]> {
  const data = segmentsOf(new Uint8Array(Float32Array.from(numbers).buffer));
  const x = { name: 'x', datatype: 'FP32' as const, shape: [numbers.length], data };
  const [y] = await runtime.run([x], {
    rows: numbers.length,
    parameters: {},
    refuseRow() {},
    isPractice: false,
    refuseInput() {},
    ask: async () => [],
  });
  assert.ok(y !== undefined);
  return [...(typedArrayOf('FP32', y.data) as Float32Array)];
}

/** A model that multiplies by an imported factor, in which only types would have to be removed. */
const MODEL = `import { defineModel } from 'galley';
import type { Factor } from './factor.ts';
import { factor } from './lib/factor.js';

interface State {
  readonly by: Factor;
}

export default defineModel({
  inputs: ${TENSOR},
  outputs: ${TENSOR},
  load: (): State => ({ by: factor(2 as number) }),
  predict({ x }, { by }) {
    if (x.data[0]! < 0) throw new RangeError('negative');
    return { x: { shape: x.shape, data: x.data.map((value: number) => value * by) } };
  },
});`;
const FACTOR = `export type Factor = number;

export function factor(by: Factor): Factor {
  if (by === 3) throw new Error('not three');
  return by;
}`;

for (const name of ['model.ts', 'model.mts']) {
  test(`${name} runs without a build, with the files that it imports`, async (t) => {
    const runtime = await moduleOf(t, { [name]: MODEL, 'lib/factor.ts': FACTOR, 'factor.ts': '' });
    assert.deepEqual(await predict(runtime, 1, 2.5), [2, 5]);
    await assert.rejects(predict(runtime, -1), { message: `negative (${name}, line 14)` });
  });
}

test('an error in an imported file names that file and its line', async (t) => {
  const model = MODEL.replace('2 as number', '3 as number');
  await assert.rejects(moduleOf(t, { 'model.ts': model, 'lib/factor.ts': FACTOR }), {
    message: 'not three (lib/factor.ts, line 4)',
  });
});

test('syntax with code of its own works, and lines stay right', async (t) => {
  const factor = `export type Factor = number;
enum Names {
  Once = 1,
  Twice,
}
namespace Limits {
  export const most = 2;
}
class Scale {
  constructor(private readonly by: number) {}
  get(): number {
    if (this.by > Limits.most) throw new Error('too much');
    return this.by;
  }
}
export const factor = (by: number): Factor => new Scale(by === 2 ? Names.Twice : by).get();`;
  const runtime = await moduleOf(t, { 'model.ts': MODEL, 'lib/factor.ts': factor });
  assert.deepEqual(await predict(runtime, 4), [8]);
  const model = MODEL.replace('2 as number', '3 as number');
  await assert.rejects(moduleOf(t, { 'model.ts': model, 'lib/factor.ts': factor }), {
    message: 'too much (lib/factor.ts, line 12)',
  });
});

test('wrong syntax and wrong imports are errors that name their place', async (t) => {
  const messageFor = async (factor: string) =>
    moduleOf(t, { 'model.ts': MODEL, 'lib/factor.ts': factor, 'factor.ts': '' }).then(
      () => 'it loaded',
      (error: Error) => error.message,
    );
  assert.match(
    await messageFor('export const a = 1;\nexport const factor: = 2;'),
    /^Unexpected token `=`.* \(lib\/factor\.ts, line 2\)$/,
  );
  assert.match(await messageFor('enum A { B }\nenum C {'), /\(lib\/factor\.ts, line 2\)$/);
  assert.match(
    await messageFor("import { Factor } from '../factor.ts';\nexport const factor = (by: Factor) => by;"),
    /does not provide an export named 'Factor' \(lib\/factor\.ts, line 1\); if it is a type, write 'import type'$/,
  );
  assert.match(
    await messageFor("import './gone.js';\nexport const factor = 1;"),
    /^Cannot find module '.*gone\.js' imported from .*factor\.ts$/,
  );
});

for (const [returned, wanted] of [
  ['true', undefined],
  ['false', 'the model reports that it is not healthy'],
  ["state + ' is gone'", 'the model reports that it is not healthy: the state is gone'],
  ['undefined', "'healthy' returned undefined, wanted true, false or the reason as text"],
  ["(() => { throw new Error('oh') })()", "'healthy' threw: oh (model.mjs, line 2)"],
] as const) {
  test(`a model whose 'healthy' returns ${returned} is ${wanted ?? 'healthy'}`, async (t) => {
    const runtime = await moduleOf(t, {
      'model.mjs': `export default { inputs: ${TENSOR}, outputs: ${TENSOR}, load: () => 'the state', predict() {},
        healthy: async (state) => ${returned} };`,
    });
    assert.equal(runtime.metadata.tellsHealth, true);
    assert.equal(await runtime.whyUnhealthy?.(), wanted);
  });
}

test('a model finds the parts of the package, wherever it lies', async (t) => {
  const importing = (name: string) => ({
    'model.ts': `import '${name}';\n${MODEL}`,
    'lib/factor.ts': FACTOR,
  });
  await moduleOf(t, importing('galley/client'));
  await assert.rejects(
    moduleOf(t, importing('galley/nothing')),
    /Package subpath '.\/nothing' is not defined/,
  );
});
