import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockText } from '../../model/lock.ts';
import { sealOf } from '../../model/version-files.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { type Loaded, loadFile } from './compute-load.ts';

const DIGITS = fileURLToPath(new URL('../../../../examples/models/digits/1/model.onnx', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'galley-compute-load-'));
after(() => rmSync(root, { recursive: true }));
const folder = join(root, '1');
const file = join(folder, 'model.onnx');
const lock = join(root, 'galley.lock');
const order: LoadOrder = {
  ...{ runtime: 'onnx', file, folder, threads: 1, device: 'cpu', finite: 'off', heartbeatPeriodMs: 1000 },
  ...{ maxAnswerBytes: 1024, maxErrorCharacters: 1024 },
};

async function answerOf({ runtime }: Loaded): Promise<unknown> {
  const [input] = runtime.metadata.inputs;
  const shape = (input?.shape ?? []).map((size) => Math.abs(size));
  const data = new Float32Array(shape.reduce((all, size) => all * size, 1)).fill(0.5);
  const inputs = [{ name: input?.name ?? '', datatype: 'FP32', shape, data: bytesOf(data) } as const];
  const outputs = await runtime.run(inputs, {
    rows: 1,
    parameters: {},
    isPractice: false,
    refuseInput() {},
    ask: async () => [],
    refuseRow() {},
  });
  await runtime.unload();
  return outputs.map((output) => output.data);
}

test('a locked model answers like the same model without a lock, and is refused when a byte was changed', async () => {
  mkdirSync(folder);
  copyFileSync(DIGITS, file);
  writeFileSync(lock, lockText(new Map([['1/model.onnx', sealOf(file).sha256]])));
  const [locked, unlocked] = [await loadFile({ ...order, lock }), await loadFile(order)];
  assert.equal(locked.artefact, unlocked.artefact);
  assert.deepEqual(await answerOf(locked), await answerOf(unlocked));
  appendFileSync(file, '\0');
  await assert.rejects(loadFile({ ...order, lock }), /1\/model\.onnx has the SHA-256/);
});
