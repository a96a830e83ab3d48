import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCaseFile } from './case-file.ts';

const BATCHER = fileURLToPath(new URL('../../../test/conformance/batcher.json', import.meta.url));
const POLICIES = fileURLToPath(new URL('../../../test/conformance/balancing-health.json', import.meta.url));
const SCALING = fileURLToPath(new URL('../../../test/conformance/autoscaler.json', import.meta.url));

test('every core case of explicit batching passes', () => {
  const { passed, failures } = runCaseFile(BATCHER, 'core');
  assert.deepEqual(failures, []);
  assert.equal(passed, 36);
});

for (const tag of ['queue', 'cancel', 'expire', 'rows', 'keys', 'golden', 'isolate']) {
  test(`every case tagged ${tag} passes`, () => {
    const { passed, failures } = runCaseFile(BATCHER, tag);
    assert.deepEqual(failures, []);
    assert.ok(passed > 0);
  });
}

test('a case with another expectation fails, and an unknown kind counts as failed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-cases-'));
  try {
    const wrong = {
      name: 'wrong',
      config: { batch_size: 2, max_wait_ms: 10 },
      arrivals_ms: [0],
      service: { alpha_ms: 1, beta_ms: 0 },
      replicas: 1,
      expect: { batches: [{ at_ms: 11, size: 1, ids: [0] }] },
    };
    const file = join(folder, 'cases.json');
    writeFileSync(file, JSON.stringify({ cases: [wrong, { name: 'odd', kind: 'no such kind' }] }));
    const { passed, failures } = runCaseFile(file);
    assert.equal(passed, 0);
    assert.match(failures[0] ?? '', /wrong: batches: wanted/);
    assert.match(failures[1] ?? '', /odd: unknown kind/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("policies with other systems' constants reproduce those systems' numbers", () => {
  const { passed, failures } = runCaseFile(POLICIES);
  assert.deepEqual(failures, []);
  assert.equal(passed, 24);
});

test("the autoscalers reproduce the decisions that their own systems' tests expect", () => {
  const { passed, failures } = runCaseFile(SCALING);
  assert.deepEqual(failures, []);
  assert.equal(passed, 201);
});
