import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthOf } from './batch-growth.ts';

const MB = 1e6;
const first = (rowMb: number) => ({ beforeBytes: 100 * MB, afterBytes: (100 + rowMb) * MB });

test('sizes grow while their rows fit the memory that warmup may use', () => {
  const growth = growthOf({ isOwnSize: false, softLimitBytes: undefined, first: first(30) });
  assert.equal(growth.whyNotRun(8), undefined);
  assert.match(growth.whyNotRun(16) ?? '', /16 rows would take about 480 MB/);
  // Memory that the first run took permanently is not attributed to the row.
  growth.ran(8, { beforeBytes: 130 * MB, afterBytes: 140 * MB });
  assert.equal(growth.whyNotRun(32), undefined);
});

test('a row that needs more than this memory runs alone', () => {
  const growth = growthOf({ isOwnSize: false, softLimitBytes: undefined, first: first(360) });
  assert.match(growth.whyNotRun(2) ?? '', /720 MB/);
});

test('the soft limit of the replica bounds sizes too; a configured size is not bounded', () => {
  assert.match(
    growthOf({ isOwnSize: false, softLimitBytes: 150 * MB, first: first(30) }).whyNotRun(2) ?? '',
    /60 MB/,
  );
  assert.equal(
    growthOf({ isOwnSize: true, softLimitBytes: 1, first: first(360) }).whyNotRun(1024),
    undefined,
  );
});

test('slow batches grow only if that saves time per row', () => {
  const growth = growthOf({ isOwnSize: false, softLimitBytes: undefined, first: undefined });
  const sizes = (one: number, two: number) => [
    { batchSize: 1, stableMs: one },
    { batchSize: 2, stableMs: two },
  ];
  assert.match(growth.whyNotGrow(4, sizes(300, 590)) ?? '', /larger batches save no time per row/);
  assert.equal(growth.whyNotGrow(4, sizes(300, 400)), undefined);
  assert.equal(growth.whyNotGrow(4, sizes(10, 20)), undefined);
});
