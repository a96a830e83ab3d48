import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fitModels } from '../../src/app/models/models-to-serve.ts';
import type { RolledOut } from '../../src/fleet/catalog/rollout.ts';
import { chainGraph, denseStep } from '../../tools/onnx-chain.ts';
import { writeOnnx } from '../../tools/onnx-writer.ts';
import { metric } from '../support/asking.ts';
import { childrenOf, signalProcess } from '../support/processes.ts';
import { galley, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';
import { type InProcess, startInProcess } from './support/gateway-in-process.ts';
import { Bystanders, bodyOf, infer } from './support/gateway-load.ts';
import { startServer } from './support/gateway-server.ts';
import { statusOf, temporaryFolder } from './support/gateway-view.ts';

const folder = temporaryFolder();
const HIDDEN = 4_096;
const HEALTH = { heartbeatPeriodMs: 50, readiness: { periodMs: 500, timeoutMs: 400 } };

/** A model that multiplies its input; about 50 KB, so that it can be truncated in the middle. */
function multiplier(factor: number): Uint8Array {
  const first = { shape: [HIDDEN, 1], values: new Float32Array(HIDDEN).fill(1) };
  const second = { shape: [1, HIDDEN], values: new Float32Array(HIDDEN).fill(factor / HIDDEN) };
  const none = (length: number) => ({ shape: [length], values: new Float32Array(length) });
  return writeOnnx(
    chainGraph(
      'multiplier',
      { name: 'x', datatype: 'FP32', dims: ['batch', 1] },
      [denseStep(first, none(HIDDEN)), denseStep(second, none(1))],
      { name: 'y', datatype: 'FP32', dims: ['batch', 1] },
    ),
  );
}

const GOOD = multiplier(2);
const HALF = GOOD.subarray(0, GOOD.byteLength / 2);

function modelFolder(
  name: string,
  file: string | Uint8Array,
): { readonly models: string; readonly path: string } {
  const models = join(folder, name);
  mkdirSync(join(models, 'm/1'), { recursive: true });
  const path = join(models, 'm/1/model.onnx');
  writeFileSync(path, file);
  return { models, path };
}

/** The model's answer to 1, and the allowed answers. */
function asking(url: () => string, factors: ReadonlySet<number>): Bystanders {
  const check = (body: string) => {
    const { outputs } = JSON.parse(body) as { outputs: { data: number[] }[] };
    assert.ok(factors.has(outputs[0]?.data[0] ?? Number.NaN), body);
  };
  return new Bystanders(async () => infer(url(), 'm', bodyOf('x', 'FP32', 1, [1, 1])), { check });
}

/** Reloads: the serving version is replaced by what the files hold now. */
async function swapIn({ server, config }: InProcess): Promise<RolledOut> {
  const [old] = server.registry.all();
  const [served] = fitModels(config);
  assert.ok(old !== undefined && served !== undefined);
  return new Promise((ended) => void server.catalog.swap(old, served, ended));
}

/** A strict start that fails: one line, no process left, and a single attempt. */
async function startFails(models: string, pattern: RegExp): Promise<void> {
  const startedAt = performance.now();
  const { code, stdout, stderr } = await galley([
    ...['serve', models, '--strict', '--port', '0', '--log-level', 'silent'],
  ]);
  assert.equal(code, 1, stdout);
  assert.match(stderr, pattern);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
  assert.equal(stdout.match(/: starting/g)?.length, 1, stdout);
  assert.ok(performance.now() - startedAt < 15_000);
}

test('17: a corrupt model file is refused at the start, and never replaces a serving version', async () => {
  const corrupt = ['this is no model', '', Buffer.alloc(100_000, 7)];
  const [first = ''] = corrupt;
  await startFails(modelFolder('corrupt', first).models, /model 'm\/1' cannot be served: .*model\.onnx/);

  const { models, path } = modelFolder('swapped', multiplier(1));
  const settings = { repository: models, defaults: { replicas: 2, health: HEALTH } };
  const running = await startInProcess(folder, settings);
  const { server } = running;
  const [old] = server.registry.all();
  const children = childrenOf(process.pid);
  const factors = new Set([1]);
  const bystanders = asking(() => server.url, factors);
  for (const bytes of corrupt) {
    writeFileSync(path, bytes);
    const swapped = await swapIn(running);
    assert.equal(swapped.kind, 'kept');
    assert.equal(swapped.version, old);
    assert.match((swapped as { reason: string }).reason, /\w/);
    assert.deepEqual(server.registry.all(), [old]);
    await until('nothing is left of the new one', () => childrenOf(process.pid).length === children.length);
    await bystanders.answersMore(20);
  }
  assert.deepEqual(childrenOf(process.pid), children);
  assert.equal(server.health.whyNotReady(), undefined);
  assert.deepEqual(server.operations.alerts.active(), []);

  factors.add(2);
  writeFileSync(path, GOOD);
  const { kind, version } = await swapIn(running);
  assert.equal(kind, 'done');
  assert.deepEqual(server.registry.all(), [version]);
  factors.delete(1);
  // The old version may still answer requests in flight.
  factors.add(1);
  await until('the old one has ended', () => server.registry.draining().length === 0);
  await bystanders.answersMore(10);
  factors.delete(1);
  await bystanders.answersMore(20);
  await bystanders.stop();
  assert.ok(children.every((pid) => !childrenOf(process.pid).includes(pid)));
  await running.stop();
  assert.deepEqual(childrenOf(process.pid), []);
});

test('18: a model file that is still being copied is never served, and loads when it is complete', async () => {
  // A good version beside it must not make the start silently serve another version than requested.
  const started = modelFolder('half', GOOD);
  mkdirSync(join(started.models, 'm/2'));
  writeFileSync(join(started.models, 'm/2/model.onnx'), HALF);
  await startFails(started.models, /model 'm\/2' cannot be served: .*model\.onnx/);

  const { models, path } = modelFolder('growing', multiplier(1));
  const settings = { repository: models, defaults: { replicas: 2, health: HEALTH } };
  const running = await startInProcess(folder, settings);
  const { server } = running;
  const children = childrenOf(process.pid);
  const factors = new Set([1]);
  const bystanders = asking(() => server.url, factors);
  for (const share of [0, 0.01, 0.3, 0.6, 0.99]) {
    writeFileSync(path, GOOD.subarray(0, Math.floor(GOOD.byteLength * share)));
    assert.equal((await swapIn(running)).kind, 'kept', `${share}`);
    await bystanders.answersMore(10);
  }
  writeFileSync(path, GOOD.subarray(0, -1));
  assert.equal((await swapIn(running)).kind, 'kept', 'all but one byte');
  await until('only the old one is there', () => childrenOf(process.pid).length === 2);
  assert.deepEqual(childrenOf(process.pid), children);
  factors.add(2);
  writeFileSync(path, GOOD);
  assert.equal((await swapIn(running)).kind, 'done');
  await bystanders.answersMore(20);
  await bystanders.stop();
  await running.stop();
});

test('20: a full disk loses decisions and recordings, which are counted and reported, but no request', async () => {
  const noFolder = join(folder, 'a-file');
  copyFileSync('/dev/null', noFolder);
  const settings = {
    decisions: { file: '/dev/full' },
    recorder: { directory: noFolder },
    models: { echo: { path: join(TEST_MODELS, 'echo'), replicas: 2, health: HEALTH } },
  };
  const server = await startServer(folder, settings, '--log-level', 'info');
  const bystanders = new Bystanders(async () => infer(server.url, 'echo', bodyOf('x', 'FP32', 1, [1, 1])));
  const [victim] = childrenOf(server.pid);
  signalProcess(victim, 'SIGKILL');
  server.kill('SIGUSR2');
  await until('the recording is given up', () => /recording could not be written/.test(server.output.stderr));
  await until(
    'both replicas serve again',
    async () => (await metric(server.url, 'galley_replicas', /state="ready"/)) === 2,
  );
  assert.ok((await metric(server.url, 'galley_decisions_dropped_total')) > 0);
  assert.equal(server.output.stderr.match(/decisions cannot be written/g)?.length, 1);
  assert.equal(await statusOf(`${server.url}/health/ready`), 200);
  await bystanders.answersMore(20);
  await bystanders.stop();
  await server.stop();
});
