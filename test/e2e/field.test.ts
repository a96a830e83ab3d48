import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { GalleyClient, type InferInput } from '../../src/client/index.ts';
import { galley, PROJECT, RunningServer } from '../support/running-server.ts';

const FIELD = join(PROJECT, 'test/conformance/field');

interface Case {
  readonly title: string;
  /** Where in the models folder each file goes. */
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

type Step =
  | { readonly request: Asked; readonly right: Right }
  | { readonly cli: readonly string[]; readonly has: string }
  | {
      readonly client: { readonly model: string; readonly inputs: readonly Given[] };
      readonly right: RightOfClient;
    };

interface Asked {
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Right {
  readonly status?: number;
  readonly json?: object;
  /** Shape and data by name. */
  readonly outputs?: Readonly<Record<string, readonly [readonly number[], readonly unknown[]]>>;
}

/** A tensor for the client; `array` names the typed array that holds its numbers. */
type Given = InferInput & { readonly array?: 'Int32Array' };

interface RightOfClient {
  readonly outputs?: Readonly<Record<string, readonly number[]>>;
  readonly refused?: string;
}

for (const name of readdirSync(FIELD, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)) {
  const folder = join(FIELD, name);
  const { title, files, steps } = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Case;
  test(`from the field: ${title}`, async () => {
    assert.ok(steps.length > 0);
    const models = mkdtempSync(join(tmpdir(), 'galley-field-'));
    for (const [target, source] of Object.entries(files)) {
      mkdirSync(dirname(join(models, target)), { recursive: true });
      copyFileSync(join(folder, source), join(models, target));
    }
    const server = await RunningServer.start([models, '--log-level', 'error']);
    try {
      for (const step of steps) {
        if ('request' in step) await checkAnswer(server.url, step.request, step.right);
        else if ('cli' in step) await checkCommand(server.url, folder, step.cli, step.has);
        else await checkClient(server.url, step.client.model, step.client.inputs, step.right);
      }
    } finally {
      await server.stop();
      rmSync(models, { recursive: true });
    }
  });
}

async function checkAnswer(url: string, { path, body, headers = {} }: Asked, right: Right): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.equal(response.status, right.status ?? 200, text);
  if (right.json !== undefined) assert.deepEqual(JSON.parse(text), right.json);
  if (right.outputs === undefined) return;
  const { outputs } = JSON.parse(text) as { outputs: { name: string; shape: number[]; data: unknown[] }[] };
  for (const [name, [shape, data]] of Object.entries(right.outputs)) {
    const output = outputs.find((each) => each.name === name);
    assert.deepEqual([output?.shape, output?.data], [shape, data], name);
  }
}

async function checkCommand(url: string, folder: string, cli: readonly string[], has: string): Promise<void> {
  const args = cli.map((arg) => arg.replace('HERE', folder));
  const { code, stdout, stderr } = await galley([...args, '--url', url]);
  assert.equal(code, 0, stderr);
  assert.ok(stdout.includes(has), stdout);
}

async function checkClient(
  url: string,
  model: string,
  given: readonly Given[],
  right: RightOfClient,
): Promise<void> {
  const inputs = given.map(({ array, ...input }) =>
    array === undefined ? input : { ...input, data: Int32Array.from(input.data as number[]) },
  );
  const asked = new GalleyClient(url).infer(model, inputs);
  if (right.refused !== undefined) {
    await assert.rejects(asked, (error: Error) => error.message.includes(right.refused ?? ''));
    return;
  }
  const { outputs } = await asked;
  for (const [name, numbers] of Object.entries(right.outputs ?? {})) {
    const data = outputs.find((output) => output.name === name)?.data ?? [];
    assert.deepEqual(Array.from(data as Float32Array, Number), numbers, name);
  }
}
