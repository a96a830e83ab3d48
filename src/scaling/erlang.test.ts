import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { erlangC, serversFor, waitsLonger } from './erlang.ts';

const near = (got: number, wanted: number) =>
  assert.ok(Math.abs(got - wanted) < 1e-9, `${got}, wanted ${wanted}`);

test('the Erlang C formula gives its textbook values', () => {
  near(erlangC(1, 0.5), 0.5);
  near(erlangC(2, 1), 1 / 3);
  near(erlangC(3, 2), 4 / 9);
  assert.equal(erlangC(2, 2), 1);
  assert.equal(erlangC(2, 3), 1);
});

test('more servers, more patience and steadier traffic never make a long wait likelier', () => {
  const positive = fc.double({ min: 0.01, max: 20, noNaN: true });
  fc.assert(
    fc.property(
      positive,
      positive,
      positive,
      fc.integer({ min: 1, max: 30 }),
      (rate, serviceMs, waitMs, servers) => {
        const queue = { rate, serviceMs, variability: 1 };
        const wait = waitsLonger(queue, servers, waitMs);
        assert.ok(wait >= 0 && wait <= 1);
        assert.ok(waitsLonger(queue, servers + 1, waitMs) <= wait + 1e-12);
        assert.ok(waitsLonger(queue, servers, 2 * waitMs) <= wait + 1e-12);
        assert.ok(waitsLonger({ ...queue, variability: 0.5 }, servers, waitMs) <= wait + 1e-12);
      },
    ),
  );
});

test('the number of servers is the least that is enough', () => {
  const queue = { rate: 0.005, serviceMs: 600, variability: 1 };
  const servers = serversFor(queue, 500, 0.01, 50);
  assert.ok(waitsLonger(queue, servers, 500) <= 0.01);
  assert.ok(waitsLonger(queue, servers - 1, 500) > 0.01);
  assert.equal(serversFor(queue, 500, 0.01, 4), 4, 'no more than allowed');
});
