import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '../../src/base/random.ts';
import { DIRECT_UP_TO_BYTES } from '../../src/process/wire/direct-pipe.ts';
import { writeOnnx } from '../../tools/onnx-writer.ts';
import { childrenOf, isAlive, signalProcess } from '../support/processes.ts';
import { RunningServer } from '../support/running-server.ts';
import { askBinary } from '../support/tensor-asking.ts';
import { until } from '../support/until.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-direct-'));
let server: RunningServer;

before(async () => {
  mkdirSync(join(root, 'echo/1'), { recursive: true });
  const value = { datatype: 'FP32' as const, dims: ['batch', 'length'] };
  writeFileSync(
    join(root, 'echo/1/model.onnx'),
    writeOnnx({
      name: 'echo',
      inputs: [{ name: 'x', ...value }],
      outputs: [{ name: 'y', ...value }],
      initializers: [],
      nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
    }),
  );
  server = await RunningServer.start([root]);
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

test('batches and answers of any size, in any order, come back to those who asked for them', async () => {
  const random = seededRandom('direct pipe');
  const largest = DIRECT_UP_TO_BYTES / 4;
  const sizes = [1, 10, 1_000, largest - 100, largest, largest + 1, 4 * largest];
  const ask = async (index: number) => {
    const length = sizes[Math.floor(random.unit() * sizes.length)] as number;
    const values = Float32Array.from({ length }, (_, at) => index + at);
    const bytes = new Uint8Array(values.buffer);
    const answer = await askBinary(server.url, 'echo', [
      { name: 'x', datatype: 'FP32', shape: [1, length], bytes },
    ]);
    assert.ok('outputs' in answer, JSON.stringify(answer));
    const [output] = answer.outputs;
    assert.deepEqual(output?.shape, [1, length]);
    const given = new Float32Array(new Uint8Array(output?.bytes ?? []).buffer);
    assert.ok(given.every((value, at) => value === -(index + at)));
  };
  let asked = 0;
  const caller = async () => {
    while (asked < 150) await ask(asked++);
  };
  await Promise.all(Array.from({ length: 16 }, caller));
});

test('a replica that waits for its direct pipe ends when it is drained, and when the gateway is gone', async () => {
  const own = await RunningServer.start([root]);
  const children = childrenOf(own.pid);
  await own.stop();
  assert.ok(children.length > 0);
  assert.ok(children.every((pid) => !isAlive(pid)));
  const killed = await RunningServer.start([root], { isRecorded: false });
  const orphans = childrenOf(killed.pid);
  signalProcess(killed.pid, 'SIGKILL');
  await until('the orphans are gone', () => orphans.every((pid) => !isAlive(pid)));
});
