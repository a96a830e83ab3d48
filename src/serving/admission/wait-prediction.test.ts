import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { curves } from '../../../test/support/curves.ts';
import { ExplorationAdmission, predictedMs } from './wait-prediction.ts';

const waits = fc.record({
  rows: fc.integer({ min: 1, max: 32 }),
  rowsAhead: fc.integer({ min: 0, max: 2_000 }),
  targetRows: fc.integer({ min: 1, max: 64 }),
  replicas: fc.integer({ min: 1, max: 16 }),
  idleInMs: fc.double({ min: 0, max: 100, noNaN: true }),
  transportMs: fc.double({ min: 0, max: 10, noNaN: true }),
  marginMs: fc.double({ min: 0, max: 50, noNaN: true }),
});

test('the predicted time never falls with the rows ahead, and never rises with the replicas', () => {
  fc.assert(
    fc.property(curves, waits, fc.integer({ min: 0, max: 500 }), (curve, it, more) => {
      const batchMs = (rows: number) => 1.2 * curve.predictMs(rows);
      const ms = predictedMs({ ...it, batchMs });
      assert.ok(predictedMs({ ...it, batchMs, rowsAhead: it.rowsAhead + more }) >= ms);
      assert.ok(predictedMs({ ...it, batchMs, replicas: it.replicas + 1 }) <= ms);
      assert.ok(ms >= it.idleInMs + it.transportMs + it.marginMs + batchMs(it.rows) - 1e-9);
      const allMs = (it.rowsAhead / it.targetRows) * batchMs(it.targetRows);
      assert.ok(ms <= it.idleInMs + it.transportMs + it.marginMs + batchMs(it.rows) + allMs + 1e-9);
    }),
  );
});

const requests = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 300 }), isLate: fc.boolean() }), {
  minLength: 50,
  maxLength: 300,
  size: 'max',
});

test('at most one request a second is admitted regardless of its prediction, and only while most are refused', () => {
  fc.assert(
    fc.property(requests, (them) => {
      const exploration = new ExplorationAdmission();
      let [now, lastAt] = [0, Number.NEGATIVE_INFINITY];
      const recent: { readonly at: number; readonly isLate: boolean }[] = [];
      for (const { afterMs, isLate } of them) {
        now += afterMs;
        exploration.asked(now);
        recent.push({ at: now, isLate });
        if (!isLate) continue;
        exploration.refused(now);
        if (!exploration.take(now)) continue;
        assert.ok(now - lastAt >= 1_000, `${now - lastAt}`);
        lastAt = now;
        // The window is one second long, accurate to a sixtieth of it.
        const from = Math.floor(now / (1_000 / 60)) - 60;
        const last = recent.filter(({ at }) => Math.floor(at / (1_000 / 60)) > from);
        assert.ok(2 * last.filter((one) => one.isLate).length > last.length);
      }
      assert.ok(exploration.shedShare >= 0 && exploration.shedShare <= 1);
    }),
  );
});

test('where all requests are refused, one is admitted each second', () => {
  const exploration = new ExplorationAdmission();
  let taken = 0;
  for (let now = 0; now < 10_000; now += 5) {
    exploration.asked(now);
    exploration.refused(now);
    if (exploration.take(now)) taken += 1;
  }
  assert.equal(taken, 10);
  assert.ok(exploration.shedShare > 0.99);
});

test('full batches go first, divided over the replicas; the last of them may include the new request', () => {
  const batchMs = (rows: number) => 10 + rows;
  const facts = { rows: 2, targetRows: 10, batchMs, replicas: 2, idleInMs: 5, transportMs: 1, marginMs: 0 };
  const ms = [0, 19, 20, 100].map((rowsAhead) => predictedMs({ ...facts, rowsAhead }));
  assert.deepEqual(ms, [18, 18, 28, 108]);
});
