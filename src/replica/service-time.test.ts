import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import { ReplicaServiceTime } from './replica-service-time.ts';
import { ServiceTime } from './service-time.ts';
import { ServiceTimes } from './service-times.ts';

test('asking about lanes that never ran forgets nothing that was learned', () => {
  const times = new ServiceTimes();
  for (let batch = 0; batch < 10; batch++) times.of('learned|4').observe(1, 5);
  const [order, latest] = [times.list().map(([lane]) => lane), times.latest];
  for (let shape = 1; shape < 1000; shape++) times.guess(`asked|${shape}`);
  assert.deepEqual(
    times.list().map(([lane]) => lane),
    order,
  );
  assert.equal(times.latest, latest);
  assert.equal(times.guess('learned|4'), latest);
});

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

test('a single size for a long time is learned without overflow', () => {
  const time = new ServiceTime();
  for (let run = 0; run < 100_000; run++) time.observe(8, 20);
  assert.ok(Math.abs(time.predictMs(8) - 20) < 0.1);
  assert.ok(time.predictMs(1) >= 0);
});

test('a replica that becomes slow is detected within some dozens of batches', () => {
  const time = new ServiceTime();
  for (let run = 0; run < 200; run++) time.observe(1 + (run % 8), 5 + (run % 8));
  for (let run = 0; run < 60; run++) time.observe(1 + (run % 8), 10 * (5 + (run % 8)));
  assert.ok(time.predictMs(4) > 50, `${time.predictMs(4)}`);
});

test('of two replicas that run the same batches the slow one has the larger factor', () => {
  const shared = new ServiceTimes();
  const [quick, slow] = [new ReplicaServiceTime(shared), new ReplicaServiceTime(shared)];
  for (let run = 0; run < 200; run++) {
    const rows = 1 + (run % 8);
    quick.observe('', rows, 4 + rows);
    if (run % 3 === 0) slow.observe('', rows, 10 * (4 + rows));
  }
  const ratio = slow.factor / quick.factor;
  assert.ok(ratio > 8 && ratio < 12, `${ratio}`);
  assert.ok(Math.abs(quick.predictMs(4) - 8) < 1, `${quick.predictMs(4)}`);
  for (let run = 0; run < 30; run++) slow.observe('', 2, 6);
  assert.ok(slow.factor / quick.factor < 2);
});

test('a nonlinear curve is learned at each power of two and never falls with the size', () => {
  const truths = {
    // A row costs less from some size on; or more, where warmup has measured it.
    concave: (rows: number) => (rows <= 8 ? 5 + rows : 13 + 0.2 * (rows - 8)),
    convex: (rows: number) => (rows <= 8 ? 5 : 5 + (rows - 8)),
  };
  for (const [name, truth] of Object.entries(truths)) {
    const time = new ServiceTime();
    if (name === 'convex')
      time.profile([1, 2, 4, 8, 16, 32].map((rows) => ({ rows, tookMs: [truth(rows)] })));
    for (let run = 0; run < 2_000; run++) {
      const rows = 2 ** (run % 6);
      time.observe(rows, truth(rows));
    }
    for (const rows of [1, 8, 32]) {
      assert.ok(
        Math.abs(time.predictMs(rows) - truth(rows)) < 0.1 * truth(rows),
        `${name} ${rows}: ${time.predictMs(rows)}`,
      );
    }
    for (let rows = 1; rows < 64; rows++) assert.ok(time.predictMs(rows) <= time.predictMs(rows + 1));
  }
});

test('noise, outliers and stalls of all sizes make no steps: a row never costs more than the ones before it', () => {
  const runs = fc.record({
    fixedMs: fc.double({ min: 0.1, max: 10, noNaN: true }),
    rowMs: fc.double({ min: 0.01, max: 1, noNaN: true }),
    seed: fc.integer({ min: 0, max: 1e6 }),
    stall: fc.double({ min: 1, max: 10, noNaN: true }),
  });
  fc.assert(
    fc.property(runs, ({ fixedMs, rowMs, seed, stall }) => {
      const random = seededRandom(seed);
      const time = new ServiceTime();
      for (let run = 0; run < 400; run++) {
        const rows = 2 ** Math.floor(7 * random.unit());
        const isStalled = run % 100 >= 80;
        const outlier = random.unit() < 0.02 ? 20 : 1;
        const noise = 1 + 0.3 * random.unit();
        time.observe(rows, (fixedMs + rowMs * rows) * noise * outlier * (isStalled ? stall : 1));
      }
      let before = Number.POSITIVE_INFINITY;
      for (let rows = 1; rows < 64; rows++) {
        const cost = time.predictMs(rows + 1) - time.predictMs(rows);
        assert.ok(
          cost >= 0 && cost <= before * (1 + 1e-6) + 1e-9,
          `row ${rows + 1}: ${cost} after ${before}`,
        );
        before = cost;
      }
    }),
  );
});

test('one batch that takes many times its prediction changes little, and the next ones undo it', () => {
  const time = new ServiceTime();
  time.profile([1, 2, 4, 8].map((rows) => ({ rows, tookMs: [5 + rows, 5 + rows] })));
  time.observe(4, 200 * 9);
  assert.ok(time.predictMs(4) < 1.5 * 9, `${time.predictMs(4)}`);
  for (let run = 0; run < 20; run++) time.observe(4, 9);
  assert.ok(Math.abs(time.predictMs(4) - 9) < 0.5, `${time.predictMs(4)}`);
});

test('what slows all sizes alike changes the level within some batches and leaves the shape', () => {
  const time = new ServiceTime();
  const truth = (rows: number) => 5 + 0.1 * rows;
  time.profile([1, 2, 4, 8, 16, 32, 64].map((rows) => ({ rows, tookMs: [truth(rows), truth(rows)] })));
  for (let run = 0; run < 500; run++) time.observe(2 ** (run % 7), truth(2 ** (run % 7)));
  // The slow half of a second has only small batches.
  for (let run = 0; run < 40; run++) time.observe(2 ** (run % 3), 2 * truth(2 ** (run % 3)));
  for (const rows of [1, 16, 64]) {
    const ratio = time.predictMs(rows) / (2 * truth(rows));
    assert.ok(Math.abs(ratio - 1) < 0.15, `${rows} rows: ${ratio}`);
  }
});

test('rowsWithin is the inverse of predictMs', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 20, noNaN: true }),
      fc.double({ min: 0.01, max: 2, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (fixedMs, rowMs, limitMs) => {
        const time = new ServiceTime();
        for (let run = 0; run < 30; run++) time.observe(1 + (run % 9), fixedMs + rowMs * (1 + (run % 9)));
        const rows = time.rowsWithin(limitMs);
        if (rows > 0 && rows < 4096) {
          assert.ok(time.predictMs(rows) <= limitMs * (1 + 1e-6));
          assert.ok(time.predictMs(rows + 1) > limitMs * (1 - 1e-6));
        } else if (rows === 0) {
          assert.ok(time.predictMs(1) > limitMs);
        }
      },
    ),
  );
});

test('fifty noisy batches determine the curve to a tenth in 99 of 100 runs', () => {
  const isKnownToATenth = (seed: number) => {
    const random = seededRandom(seed);
    const time = new ServiceTime();
    for (let run = 0; run < 50; run++) {
      const rows = 1 + Math.floor(random.unit() * 32);
      time.observe(rows, (5 + 0.5 * rows) * (1 + 0.05 * -Math.log(1 - random.unit())));
    }
    return [1, 4, 16, 32].every(
      (rows) => Math.abs(time.predictMs(rows) / (1.05 * (5 + 0.5 * rows)) - 1) < 0.1,
    );
  };
  const seeds = Array.from({ length: 1_000 }, (_, seed) => seed);
  assert.ok(seeds.filter(isKnownToATenth).length >= 990);
});

test('warmup runs give quartiles for the shape, and the spread for the planning factor', () => {
  const time = new ServiceTime();
  const runs = (ms: number) => Array.from({ length: 20 }, (_, run) => (run % 10 === 9 ? 1.5 * ms : ms));
  time.profile([1, 2, 4, 8].map((rows) => ({ rows, tookMs: runs(3 + rows) })));
  assert.ok(Math.abs(time.predictMs(8) - 11) < 0.01);
  assert.ok(time.planFactor(0.95) > 1.4, `${time.planFactor(0.95)}`);
  for (let run = 0; run < 300; run++) time.observe(1 + (run % 8), 2 * (4 + (run % 8)));
  assert.ok(time.usualDrift > 1.8, `${time.usualDrift}`);
});

test('a new lane starts from the nearest one, scaled by the size of its rows', () => {
  const times = new ServiceTimes();
  for (let run = 0; run < 40; run++) times.of('16').observe(1 + (run % 8), 1 + 2 * (1 + (run % 8)));
  assert.ok(Math.abs(times.of('64').predictMs(4) - (1 + 2 * 4 * 4)) < 1, `${times.of('64').predictMs(4)}`);
  for (let width = 1; width < 1000; width++) times.of(`${width}`);
  assert.ok(times.list().length <= 64);
});
