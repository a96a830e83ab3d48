import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exp, log, pow } from './elementary.ts';

function near(got: number, wanted: number): void {
  assert.ok(Math.abs(got - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${got}, wanted ${wanted}`);
}

test('the results agree with the built-in functions to twelve digits', () => {
  fc.assert(
    fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (x) => {
      near(exp(x) / Math.exp(x), 1);
    }),
  );
  fc.assert(fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), (x) => near(log(x), Math.log(x))));
  near(pow(0.9, 1 / 1.5), 0.9 ** (1 / 1.5));
});

test('the limits of the range', () => {
  assert.equal(exp(1000), Number.POSITIVE_INFINITY);
  assert.equal(exp(-1000), 0);
  assert.equal(log(0), Number.NEGATIVE_INFINITY);
  assert.ok(Number.isNaN(log(-1)));
  assert.equal(pow(0, 0.5), 0);
});
