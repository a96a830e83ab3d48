import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LARGE_ROW, ROW_SCALES } from '../../warmup/made-up-rows.ts';
import { proveRows } from './row-proof.ts';

test('the large row is beside another one in a batch of two, since larger batches are not always run', () => {
  const answer = { outputs: [] };
  const proof = proveRows({
    comparator: { rowsProblem: () => '' } as never,
    alone: ROW_SCALES.map(() => answer),
    whyNotTry: (rows) => (rows > 3 ? 'too much memory' : undefined),
  });
  const batches: (readonly number[])[] = [];
  let step = proof.next();
  while (step.done !== true) {
    batches.push(step.value);
    step = proof.next({ answer } as never);
  }
  assert.deepEqual(step.value, { kind: 'independent' });
  const pairs = batches.filter((rows) => rows.length === 2 && rows.includes(LARGE_ROW));
  assert.ok(
    pairs.some((rows) => new Set(rows).size === 2),
    JSON.stringify(batches),
  );
});

test('an output without a row per row makes rows dependent, rather than answers different', () => {
  const count = (batch: unknown, rows: readonly unknown[]) =>
    batch === 'of a batch' ? `4 rows instead of ${rows.length}` : '';
  const proof = proveRows({
    comparator: { rowsProblem: count } as never,
    alone: ROW_SCALES.map(() => ({ outputs: [] })),
    whyNotTry: () => undefined,
  });
  let step = proof.next();
  while (step.done !== true) step = proof.next({ answer: 'of a batch' } as never);
  assert.deepEqual(step.value, { kind: 'dependent', why: '4 rows instead of 2' });
});
