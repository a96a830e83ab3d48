import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplicaServiceTime, ServiceTime } from './service-time.ts';

test('a line is learned from batches of several sizes', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      fc.double({ min: 0.01, max: 5, noNaN: true }),
      fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 20, maxLength: 60 }),
      (fixedMs, rowMs, sizes) => {
        fc.pre(new Set(sizes).size > 3);
        const time = new ServiceTime();
        for (const rows of sizes) time.observe(rows, fixedMs + rowMs * rows);
        for (const rows of [1, 8, 32]) {
          const wanted = fixedMs + rowMs * rows;
          assert.ok(
            Math.abs(time.predictMs(rows) - wanted) < 0.05 * wanted + 0.05,
            `${time.predictMs(rows)}`,
          );
        }
      },
    ),
  );
});

test('one size for a long time teaches that size, and nothing overflows', () => {
  const time = new ServiceTime();
  for (let run = 0; run < 100_000; run++) time.observe(8, 20);
  assert.ok(Math.abs(time.predictMs(8) - 20) < 0.1);
  assert.ok(time.predictMs(1) >= 0);
});

test('a replica that becomes slow is seen within some dozens of batches', () => {
  const time = new ServiceTime();
  for (let run = 0; run < 200; run++) time.observe(1 + (run % 8), 5 + (run % 8));
  for (let run = 0; run < 60; run++) time.observe(1 + (run % 8), 10 * (5 + (run % 8)));
  assert.ok(time.predictMs(4) > 50, `${time.predictMs(4)}`);
});

test('of two replicas that run the same batches the slow one is known by its factor', () => {
  const shared = new ServiceTime();
  const [quick, slow] = [new ReplicaServiceTime(shared), new ReplicaServiceTime(shared)];
  for (let run = 0; run < 200; run++) {
    const rows = 1 + (run % 8);
    quick.observe(rows, 4 + rows);
    if (run % 3 === 0) slow.observe(rows, 10 * (4 + rows));
  }
  const ratio = slow.factor / quick.factor;
  assert.ok(ratio > 8 && ratio < 12, `${ratio}`);
  assert.ok(Math.abs(quick.predictMs(4) - 8) < 1, `${quick.predictMs(4)}`);
  for (let run = 0; run < 30; run++) slow.observe(2, 6);
  assert.ok(slow.factor / quick.factor < 2);
});
