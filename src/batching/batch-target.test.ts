import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { curves, learned } from '../../test/support/curves.ts';
import { batchTarget } from './batch-target.ts';
import { type MarginFacts, NO_MARGIN } from './margin.ts';

const FACTS = { replicas: 2, latencyMs: undefined, reserveMs: 0, margin: NO_MARGIN, maxRows: 32 };

/** Margins with predictions that are exceeded by up to some ms, alike or by a few much. */
const margins = fc
  .record({
    ms: fc.double({ min: 0, max: 200, noNaN: true }),
    worstMs: fc.double({ min: 0, max: 200, noNaN: true }),
    power: fc.constantFrom(0.3, 1, 3),
  })
  .map(({ ms, worstMs, power }): MarginFacts => {
    const shareWithin = (excessMs: number) =>
      excessMs < 0 ? 0 : worstMs === 0 ? 1 : Math.min(1, (excessMs / worstMs) ** power);
    return { ms, shareWithin };
  });

test('the target equals that of an exhaustive search', () => {
  const facts = fc.record({
    replicas: fc.integer({ min: 0, max: 8 }),
    latencyMs: fc.option(fc.double({ min: 1, max: 400, noNaN: true }), { nil: undefined }),
    reserveMs: fc.double({ min: 0, max: 20, noNaN: true }),
    margin: margins,
    maxRows: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(curves, facts, (curve, it) => {
      const target = batchTarget(curve, it);
      const sizes = Array.from({ length: it.maxRows }, (_, index) => index + 1);
      const rate = (rows: number) => rows / curve.predictMs(rows);
      const best = Math.max(...sizes.map(rate));
      const first = (wanted: number) => sizes.find((rows) => rate(rows) >= wanted * (1 - 1e-9)) ?? Number.NaN;
      // Rounding may miss a size that reaches the rate exactly, and find the next one.
      const near = (found: number, wanted: number) =>
        found === wanted ||
        (found > wanted && Math.abs(rate(found) / rate(wanted) - 1) < 1e-6) ||
        (found === wanted + 1 && [0.95, 0.995].some((share) => rate(wanted) <= share * best * (1 + 1e-9)));
      assert.ok(Math.abs(target.gain - best / rate(1)) < 1e-9 * target.gain);
      const isWorthwhile = target.gain >= 1.15;
      assert.ok(
        isWorthwhile ? near(target.knee, first(0.95 * best)) : target.knee === 1,
        `knee ${target.knee}`,
      );
      assert.ok(isWorthwhile ? target.largest === it.maxRows : near(target.largest, first(0.995 * best)));
      assert.equal(target.rows, Math.max(1, Math.min(target.knee, target.withinObjective, it.maxRows)));
      assert.ok(target.rows <= it.maxRows && target.knee <= it.maxRows && target.largest <= it.maxRows);
      if (it.latencyMs === undefined) {
        assert.equal(target.withinObjective, Number.POSITIVE_INFINITY);
        return;
      }
      // Replicas start one after the other: a row waits for its turn, and then for its batch.
      const takesMs = (rows: number) =>
        it.reserveMs + target.marginMs + (1 + 1 / Math.max(1, it.replicas)) * curve.predictMs(rows);
      assert.ok(target.marginMs <= it.margin.ms && target.marginMs <= target.mostMarginMs);
      const within = Math.min(target.withinObjective, 8192);
      if (within > 0) assert.ok(takesMs(within) <= it.latencyMs * (1 + 1e-6));
      if (within < 8192) assert.ok(takesMs(within + 1) > it.latencyMs * (1 - 1e-6));
    }),
    { numRuns: 500 },
  );
});

test('without a gain the target is one row', () => {
  const target = batchTarget(
    learned((rows) => 0.5 + 10 * rows),
    FACTS,
  );
  assert.ok(target.gain < 1.15, `${target.gain}`);
  assert.equal(target.rows, 1);
  assert.ok(target.largest <= 8, `${target.largest}`);
});

test('a large fixed cost gives the largest batches, and an objective bounds them', () => {
  const curve = learned((rows) => 20 + rows);
  const free = batchTarget(curve, { ...FACTS, maxRows: 64 });
  assert.ok(free.gain > 10);
  assert.ok(free.rows > 48 && free.rows <= 64, `${free.rows}`);
  const bound = batchTarget(curve, { ...FACTS, maxRows: 64, latencyMs: 60 });
  assert.equal(bound.withinObjective, 20);
  assert.equal(bound.rows, 20);
  const hopeless = batchTarget(curve, { ...FACTS, maxRows: 64, latencyMs: 10 });
  assert.deepEqual([hopeless.rows, hopeless.withinObjective], [1, 0]);
});

test('whatever the margin, the expected answers in time are nearly those of greedy batches within the objective', () => {
  const facts = fc.record({
    replicas: fc.integer({ min: 1, max: 8 }),
    latencyMs: fc.double({ min: 1, max: 400, noNaN: true }),
    reserveMs: fc.double({ min: 0, max: 20, noNaN: true }),
    margin: margins,
    maxRows: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(curves, facts, (curve, it) => {
      const target = batchTarget(curve, it);
      const expected = (rows: number) => {
        const spareMs = it.latencyMs - it.reserveMs - (1 + 1 / it.replicas) * curve.predictMs(rows);
        return (rows / curve.predictMs(rows)) * it.margin.shareWithin(spareMs);
      };
      const { withinObjective: greedy } = batchTarget(curve, { ...it, margin: NO_MARGIN });
      // Under pressure batches are as full as the margin allows.
      const ours = Math.max(1, Math.min(target.withinObjective, it.maxRows));
      const theirs = Math.max(1, Math.min(greedy, it.maxRows));
      assert.ok(expected(ours) >= 0.95 * expected(theirs) - 1e-9, `${ours} rows, greedy ${theirs}`);
    }),
    { numRuns: 1_000 },
  );
});

test('on a flat curve a margin at its limit still leaves the largest batches', () => {
  const margin = { ms: 1_000, shareWithin: () => 1 };
  for (let run = 0; run < 200; run++) {
    const flat = learned(() => 17.7);
    for (let batch = 0; batch <= run; batch++) flat.observe(8, 17.7 * (1 + 0.01 * (batch % 7)));
    const target = batchTarget(flat, { ...FACTS, replicas: 1, latencyMs: 100.3, margin, maxRows: 63 });
    assert.ok(target.withinObjective >= 48, `${run}: ${target.withinObjective}`);
  }
});

test('batches are as large as bring the most answers in time, by how much predictions were exceeded', () => {
  const curve = learned((rows) => 10 + rows);
  const sizeWith = (shareWithin: MarginFacts['shareWithin']) => {
    const margin = { ms: 1_000, shareWithin };
    return batchTarget(curve, { ...FACTS, replicas: 1, latencyMs: 200, margin, maxRows: 128 })
      .withinObjective;
  };
  const punctual = sizeWith(() => 1);
  assert.ok(punctual > 60 && punctual <= 90, `${punctual}`);
  // Where the same share is late whatever the plan, smaller batches would only cost throughput.
  assert.equal(
    sizeWith(() => 0.7),
    punctual,
  );
  // A third of the batches takes 100 ms longer: only small ones keep the objective all the same.
  const small = sizeWith((excessMs) => (excessMs >= 100 ? 1 : 0.66));
  assert.ok(small > 30 && small <= 40, `${small}`);
});
