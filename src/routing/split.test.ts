import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactShares, targetOfKey, type Weighted } from './split.ts';

const DRAWS = 100_000;
/** Two-sided normal quantile of 99.9 %. */
const QUANTILE = 3.2905;

function weighted(weights: Readonly<Record<string, number>>): Weighted[] {
  return Object.entries(weights).map(([name, weight]) => ({ name, weight }));
}

function nameOfKey(key: string, targets: readonly Weighted[], salt = 'route'): string {
  return targets[targetOfKey(salt, key, targets)]?.name ?? 'none';
}

/** How many of many keys change from one target to another. */
function moves(before: readonly Weighted[], after: readonly Weighted[]): Map<string, number> {
  const found = new Map<string, number>();
  for (let user = 0; user < DRAWS; user++) {
    const [from, to] = [nameOfKey(`user-${user}`, before), nameOfKey(`user-${user}`, after)];
    if (from !== to) found.set(`${from} → ${to}`, (found.get(`${from} → ${to}`) ?? 0) + 1);
  }
  return found;
}

function movedShare(found: ReadonlyMap<string, number>): number {
  return [...found.values()].reduce((sum, count) => sum + count, 0) / DRAWS;
}

for (const [kind, keyOf] of [
  ['consecutive numbers', (index: number) => `${index}`],
  ['names', (index: number) => `user-${index}@example.org`],
  ['hexadecimal numbers', (index: number) => (index * 2_654_435_761).toString(16).padStart(16, '0')],
] as const) {
  test(`keys that are ${kind} follow the weights`, () => {
    const targets = weighted({ a: 5, b: 15, c: 80 });
    const counts = [0, 0, 0];
    for (let index = 0; index < DRAWS; index++) {
      const at = targetOfKey('route', keyOf(index), targets);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    for (const [index, { name, weight }] of targets.entries()) {
      const share = weight / 100;
      const bound = QUANTILE * Math.sqrt(DRAWS * share * (1 - share));
      const off = (counts[index] ?? 0) - DRAWS * share;
      assert.ok(Math.abs(off) <= bound, `${name} is ${off} off, wanted ${bound} at most`);
    }
  });
}

test('changed weights move keys only to targets that gain on the one they leave, and few more than must', () => {
  const found = moves(weighted({ a: 5, b: 15, c: 80 }), weighted({ a: 10, b: 15, c: 75 }));
  assert.deepEqual([...found.keys()].toSorted(), ['b → a', 'c → a', 'c → b']);
  assert.ok(Math.abs(movedShare(found) - 0.05) <= 0.01, `${movedShare(found)}`);
});

test('each step of a canary moves keys only to it, and exactly its new share', () => {
  const found = moves(weighted({ old: 95, new: 5 }), weighted({ old: 75, new: 25 }));
  assert.deepEqual([...found.keys()], ['old → new']);
  assert.ok(Math.abs(movedShare(found) - 0.2) <= 0.005, `${movedShare(found)}`);
});

test('an added target takes its share from all others, and nothing else moves', () => {
  const found = moves(weighted({ a: 40, b: 40 }), weighted({ a: 40, b: 40, c: 20 }));
  assert.deepEqual([...found.keys()].toSorted(), ['a → c', 'b → c']);
  assert.ok(Math.abs(movedShare(found) - 0.2) <= 0.01, `${movedShare(found)}`);
});

test('the keys of a removed target go to the others by their weights', () => {
  const found = moves(weighted({ a: 60, b: 20, c: 20 }), weighted({ a: 60, b: 20 }));
  assert.deepEqual([...found.keys()].toSorted(), ['c → a', 'c → b']);
  assert.ok(Math.abs(movedShare(found) - 0.2) <= 0.01, `${movedShare(found)}`);
  const toB = (found.get('c → b') ?? 0) / DRAWS;
  assert.ok(Math.abs(toB - 0.05) <= 0.005, `${toB}`);
});

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 });
const someTargets = names
  .chain((list) =>
    fc.tuple(...list.map((name) => fc.record({ name: fc.constant(name), weight: fc.nat(20) }))),
  )
  .filter((targets) => targets.some(({ weight }) => weight > 0));

test('a key has the same target in any order of the targets, and at any scale of the weights', () => {
  fc.assert(
    fc.property(someTargets, fc.string(), fc.nat(), (targets, key, turn) => {
      const chosen = nameOfKey(key, targets);
      const at = turn % targets.length;
      assert.equal(nameOfKey(key, [...targets.slice(at), ...targets.slice(0, at)]), chosen);
      assert.equal(nameOfKey(key, targets.toReversed()), chosen);
      const doubled = targets.map(({ name, weight }) => ({ name, weight: weight * 4 }));
      assert.equal(nameOfKey(key, doubled), chosen);
    }),
  );
});

test('a target of weight 0 is never drawn, with a key or without', () => {
  fc.assert(
    fc.property(someTargets, fc.array(fc.string(), { maxLength: 20 }), (targets, keys) => {
      const shares = new ExactShares();
      for (const key of keys) {
        assert.ok((targets[targetOfKey('route', key, targets)]?.weight ?? 0) > 0);
        assert.ok((targets[shares.next(targets)]?.weight ?? 0) > 0);
      }
    }),
  );
});

test('the same keys are divided anew in another route', () => {
  const targets = weighted({ a: 50, b: 50 });
  let same = 0;
  for (let user = 0; user < DRAWS; user++) {
    if (nameOfKey(`${user}`, targets, 'one') === nameOfKey(`${user}`, targets, 'other')) same += 1;
  }
  assert.ok(Math.abs(same / DRAWS - 0.5) < 0.01, `${same / DRAWS}`);
});

/** The largest distance of a count from its share, after any of `requests`. */
function largestError(targets: readonly Weighted[], requests: number, shares = new ExactShares()): number {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  const counts = targets.map(() => 0);
  let largest = 0;
  for (let sent = 1; sent <= requests; sent++) {
    const at = shares.next(targets);
    counts[at] = (counts[at] ?? 0) + 1;
    for (const [index, { weight }] of targets.entries()) {
      largest = Math.max(largest, Math.abs((counts[index] ?? 0) - (sent * weight) / total));
    }
  }
  return largest;
}

test('without keys, no target is more than one request off its share', () => {
  const largest = largestError(weighted({ a: 5, b: 15, c: 80 }), DRAWS);
  assert.ok(largest <= 1, `${largest}`);
  fc.assert(
    fc.property(someTargets, (targets) => {
      const off = largestError(targets, 200);
      assert.ok(off <= (targets.length < 5 ? 1 + 1e-9 : 1.3), `${off}`);
    }),
  );
});

test('weights of another scale keep the shares exact', () => {
  const shares = new ExactShares();
  largestError(weighted({ a: 5, b: 15, c: 80 }), 7, shares);
  const off = largestError(weighted({ a: 0.3, b: 0.3, c: 0.4 }), 1_000, shares);
  assert.ok(off <= 2, `${off}`);
});

test('a target whose weight becomes 0 is not drawn, even if it is owed a request', () => {
  const shares = new ExactShares();
  const first = [1, 2].map(() => shares.next(weighted({ a: 35, b: 33, c: 32 })));
  assert.deepEqual(first, [0, 1], 'c would be the next');
  for (let again = 0; again < 10; again++) {
    assert.notEqual(shares.next(weighted({ a: 1, b: 1, c: 0 })), 2);
  }
});
