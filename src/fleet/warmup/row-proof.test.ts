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

/** Test rows of whole numbers as warmup generates them: each holds two of the ids 0 to 3. */
const IDS = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 0],
  [0, 1],
];

/** The result for a model that rounds all rows by the largest weight of an id in the batch. */
function provedOf(rows: readonly (readonly number[])[], weights: readonly number[]): string {
  const largest = (batch: readonly number[]) =>
    Math.max(...batch.flatMap((row) => (rows[row] ?? []).map((id) => weights[id] ?? 0)));
  const proof = proveRows({
    comparator: {
      // Across batch sizes the difference is as small as rounding.
      rowsProblem: (batch: number, before: readonly ({ answer: number } | undefined)[], runs: string) =>
        runs === 'same size' && before.some((each) => each !== undefined && each.answer !== batch)
          ? 'other'
          : '',
    } as never,
    alone: rows.map((_, row) => largest([row])) as never,
    whyNotTry: () => undefined,
  });
  let step = proof.next();
  while (step.done !== true) step = proof.next({ answer: largest(step.value) } as never);
  return step.value.kind;
}

test('a scale of the whole batch is detected, whichever id has the largest weight', () => {
  const large = Array.from({ length: 4 }, (_, id) => id + 4);
  for (let top = 0; top < 4; top++) {
    const weights = [0, 1, 2, 3].map((id) => (id === top ? 9 : id));
    assert.equal(provedOf(IDS, weights), 'dependent', `without the large row, ${top}`);
    for (const ofLarge of [0.5, 5, 50]) {
      const all = [...weights, ofLarge, 0, 0, 0];
      assert.equal(provedOf([...IDS, large], all), 'dependent', `beside a large row of ${ofLarge}, ${top}`);
    }
  }
});

test('every batch size shows some rows without the largest row of the usual batch', () => {
  const proof = proveRows({
    comparator: { rowsProblem: () => '' } as never,
    alone: ROW_SCALES.map(() => ({ outputs: [] })),
    whyNotTry: () => undefined,
  });
  const kinds = new Map<number, Set<string>>();
  let step = proof.next();
  while (step.done !== true) {
    const batch = step.value;
    const seen = kinds.get(batch.length) ?? new Set();
    kinds.set(batch.length, seen.add([...new Set(batch)].sort().join()));
    step = proof.next({ answer: {} } as never);
  }
  for (const [size, seen] of kinds) assert.ok(seen.size > 2, `size ${size}: ${[...seen].join(' | ')}`);
});
