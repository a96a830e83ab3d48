import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from './random.ts';

test('the same seed gives the same stream on every machine', () => {
  const random = seededRandom('galley');
  const first = [random.uint32(), random.uint32(), random.uint32()];
  const again = seededRandom('galley');
  assert.deepEqual([again.uint32(), again.uint32(), again.uint32()], first);
  assert.notDeepEqual(first, [seededRandom('galle').uint32()]);
});

test('the draws of one consumer do not change the stream of another', () => {
  const one = seededRandom(7);
  const expected = one.fork('balancing').uint32();
  const other = seededRandom(7);
  for (let draw = 0; draw < 10; draw++) other.uint32();
  assert.equal(other.fork('balancing').uint32(), expected);
  assert.notEqual(other.fork('warmup').uint32(), expected);
});

test('units are uniformly distributed over [0, 1)', () => {
  const random = seededRandom(1);
  const bins = new Array<number>(10).fill(0);
  for (let draw = 0; draw < 10_000; draw++) {
    const unit = random.unit();
    assert.ok(unit >= 0 && unit < 1);
    bins[Math.floor(unit * 10)] = (bins[Math.floor(unit * 10)] ?? 0) + 1;
  }
  for (const count of bins) assert.ok(count > 880 && count < 1120, `${bins}`);
});
