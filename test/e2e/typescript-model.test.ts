import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask } from '../support/asking.ts';
import { RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-typescript-'));
const UNHEALTHY = join(root, 'doubled/unhealthy');
const FILES = {
  'doubled/model.ts': `import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineModel } from 'galley';
import { Factor, scaled } from './lib/scaled.js';
import type { Nothing } from './nothing.ts';

interface State {
  readonly factor: Factor;
  readonly unhealthyFile: string;
  readonly nothing?: Nothing;
}

export default defineModel({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  samples: [{ x: { shape: [2], data: [4e6, 5e6] } }, { x: { shape: [1], data: Float32Array.of(6e6) } }],
  load: async ({ directory }): Promise<State> => ({
    factor: Factor.Two,
    unhealthyFile: join(directory, 'unhealthy'),
  }),
  healthy: async ({ unhealthyFile }) =>
    existsSync(unhealthyFile) ? readFileSync(unhealthyFile, 'utf8') : true,
  predict({ x }, { factor }, { refuseRow, refuseInput }) {
    for (const [row, value] of x.data.entries()) {
      if (value === 13) refuseRow(row, 'it is unlucky');
      else if (value === 14) refuseInput(row, 'it is no lucky number');
      // A generated input is not as large.
      else if (value < 1e6 && value !== 42) throw new RangeError(\`\${value} is too small\`);
    }
    return { y: { shape: x.shape, data: scaled(x.data, factor) } };
  },
});`,
  'doubled/lib/scaled.ts': `export enum Factor {
  Two = 2,
}

export function scaled(data: Float32Array, factor: Factor): Float32Array {
  if (data[0] === 42) {
    throw new RangeError('no 42, please' as string);
  }
  return data.map((value: number): number => value * factor);
}`,
  'wrong/model.ts': `import { defineModel } from 'galley';

const wrong: = defineModel;`,
  'galley.yaml': `repository: .
models:
  doubled: { health: { readiness: { periodMs: 300, timeoutMs: 250, failureThreshold: 1, goldenEvery: 1000 } } }
  wrong: { required: false }`,
};
let server: RunningServer;

before(async () => {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  server = await RunningServer.start([join(root, 'galley.yaml')]);
});
after(() => {
  RunningServer.endAll();
  rmSync(root, { recursive: true });
});

const askDoubled = async (...data: number[]) =>
  ask(server.url, 'doubled', { name: 'x', datatype: 'FP32', data });

interface Model {
  readonly name: string;
  readonly versions: readonly {
    readonly reason: string;
    readonly rows: string | null;
    readonly replicas: readonly {
      readonly conditions: readonly { readonly cause: string; readonly detail: string }[];
    }[];
  }[];
}

async function versionOf(name: string) {
  const { models } = (await (await fetch(`${server.url}/admin/models`)).json()) as { models: Model[] };
  const version = models.find((model) => model.name === name)?.versions[0];
  assert.ok(version !== undefined);
  return version;
}

test('a model in TypeScript serves, with an import, an enum and samples that prove its rows independent', async () => {
  const { status, output } = await askDoubled(2e6, 3e6);
  assert.deepEqual([status, output('y')], [200, [4e6, 6e6]]);
  assert.equal((await versionOf('doubled')).rows, 'independent');
});

test('an error names the file and the line of the source', async () => {
  const { status, error } = await askDoubled(42);
  assert.deepEqual([status, error], [500, 'the model failed: no 42, please (lib/scaled.ts, line 7)']);
  assert.match((await askDoubled(1)).error ?? '', /: 1 is too small \(model\.ts, line 28\)$/);
  assert.match((await versionOf('wrong')).reason, /^Unexpected token `=`.* \(model\.ts, line 3\)$/);
});

test('a refused row fails its caller alone', async () => {
  const [refused, answered] = await Promise.all([askDoubled(13), askDoubled(1e6)]);
  assert.deepEqual([refused.status, refused.error], [500, 'the model refused row 0: it is unlucky']);
  const wrong = await askDoubled(14);
  assert.deepEqual([wrong.status, wrong.error], [400, 'it is no lucky number']);
  assert.deepEqual([answered.status, answered.output('y')], [200, [2e6]]);
});

test('a model that reports that it is not healthy is not ready until it is, in spite of its answers', async () => {
  const isReady = async () => (await fetch(`${server.url}/v2/models/doubled/ready`)).status === 200;
  await until('it is ready', isReady);
  writeFileSync(UNHEALTHY, 'its database is gone');
  await until('it is not ready', async () => {
    await askDoubled(1e6);
    return !(await isReady());
  });
  const [condition] = (await versionOf('doubled')).replicas[0]?.conditions ?? [];
  assert.equal(condition?.cause, 'readiness');
  assert.match(condition.detail, /^the model reports that it is not healthy: its database is gone/);
  rmSync(UNHEALTHY);
  await until('it is ready again', isReady);
  await server.stop();
});
