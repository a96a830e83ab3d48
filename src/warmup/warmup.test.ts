import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../tensor/tensor.ts';
import { OTHER_SIZE, SAME_KERNELS, sameAnswer } from './same-answer.ts';
import { evaluateStability } from './stability.ts';

const rule = { windowRuns: 3, windowMs: 1e9, tolerance: 0.1 };

test('two windows that agree are stable, and the last median is the latency', () => {
  const result = evaluateStability(rule, [90, 40, 20, 10, 11, 9, 10, 10.5, 10]);
  assert.equal(result.isStable, true);
  assert.equal(result.stableMs, 10);
});

test('falling latency is not stable yet', () => {
  assert.equal(evaluateStability(rule, [30, 28, 26, 20, 18, 16]).isStable, false);
});

test('one disturbed run neither ends nor prolongs warmup', () => {
  assert.equal(evaluateStability(rule, [10, 10, 10, 10, 99, 10]).isStable, true);
  assert.equal(evaluateStability(rule, [20, 20, 20, 10, 20, 10]).isStable, false);
});

test('latency is stable at the second window at the earliest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 9 }),
      fc.double({ min: 0.01, max: 1e4, noNaN: true }),
      (windowRuns, ms) => {
        const settings = { windowRuns, windowMs: 1e9, tolerance: 0.1 };
        const runs = new Array<number>(2 * windowRuns).fill(ms);
        assert.equal(evaluateStability(settings, runs).isStable, true);
        assert.equal(evaluateStability(settings, runs.slice(1)).isStable, false);
      },
    ),
  );
});

test('long runs fill a window sooner, but with at least two runs', () => {
  const brisk = { windowRuns: 5, windowMs: 50, tolerance: 0.1 };
  assert.equal(evaluateStability(brisk, [30, 31, 30, 30]).isStable, true);
  assert.equal(evaluateStability(brisk, [90, 90]).isStable, false);
  assert.equal(evaluateStability(brisk, [90, 60, 30, 30]).isStable, false);
});

test('answers are equal up to rounding', () => {
  const answer = (value: number) => [
    { name: 'y', datatype: 'FP32' as const, shape: [1], data: bytesOf(Float32Array.of(value)) },
  ];
  assert.equal(sameAnswer(answer(0.5), answer(0.500001), SAME_KERNELS), true);
  assert.equal(sameAnswer(answer(0.5), answer(0.501), SAME_KERNELS), false);
  assert.equal(sameAnswer(answer(0.5), answer(0.501), OTHER_SIZE), true);
  assert.equal(sameAnswer(answer(0.5), answer(0.6), OTHER_SIZE), false);
  assert.equal(sameAnswer(answer(1e-9), answer(2e-9), OTHER_SIZE), false);
  assert.equal(sameAnswer(answer(Number.NaN), answer(Number.NaN), SAME_KERNELS), true);
  assert.equal(sameAnswer(answer(Number.NaN), answer(1), OTHER_SIZE), false);
});
