import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import { PredictionError } from './prediction-error.ts';

const ratios = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 300, size: 'max' });

test('the factor stays within its bounds and starts with a default', () => {
  fc.assert(
    fc.property(ratios, fc.double({ min: 0.5, max: 1, noNaN: true }), (them, quantile) => {
      const error = new PredictionError();
      for (const [seen, ratio] of them.entries()) {
        const factor = error.planFactor(quantile);
        assert.ok(factor >= 1.05 && factor <= 2);
        if (seen < 20) assert.equal(factor, 1.2);
        assert.ok(error.planFactor(1) >= factor);
        error.observe(ratio);
      }
    }),
  );
});

test('the planned time is met by the share of batches that the quantile names', () => {
  const [error, random] = [new PredictionError(), seededRandom(5)];
  const ratio = () => 1 + 0.8 * random.unit();
  for (let time = 0; time < 400; time++) error.observe(ratio());
  for (const quantile of [0.5, 0.9, 0.95]) {
    const factor = error.planFactor(quantile);
    const kept = Array.from({ length: 2_000 }, ratio).filter((each) => each <= factor).length / 2_000;
    assert.ok(Math.abs(kept - quantile) < 0.08, `${kept} of ${quantile}`);
  }
});
