import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseEvicted, type Evictable } from './eviction-policy.ts';

const MIB = 2 ** 20;
const model = (name: string, more: Partial<Evictable> = {}): Evictable => ({
  ...{ name, bytes: 100 * MIB, uses: 10, reloadMs: 1_000 },
  ...more,
});
const names = (all: readonly Evictable[]) => all.map(({ name }) => name);

for (const [what, candidates, neededBytes, expected] of [
  ['the one that is used less', [model('busy', { uses: 50 }), model('quiet')], 1, ['quiet']],
  ['the one that starts faster', [model('slow', { reloadMs: 9_000 }), model('fast')], 1, ['fast']],
  ['the one that frees more', [model('small'), model('large', { bytes: 900 * MIB })], 1, ['large']],
  [
    'as many as are needed',
    [model('a'), model('b', { uses: 20 }), model('c', { uses: 30 })],
    150 * MIB,
    ['a', 'b'],
  ],
  ['none when nothing is needed', [model('a')], 0, []],
] as const) {
  test(`what goes first is ${what}`, () =>
    assert.deepEqual(names(chooseEvicted(candidates, neededBytes)), expected));
}

test('no more is unloaded than is needed', () => {
  const amount = fc.integer({ min: 0, max: 1_000 });
  const candidate = fc.record({ name: fc.string(), bytes: amount, uses: amount, reloadMs: amount });
  fc.assert(
    fc.property(fc.array(candidate), amount, (candidates, neededBytes) => {
      const chosen = chooseEvicted(candidates, neededBytes);
      const bytes = (all: readonly Evictable[]) => all.reduce((sum, each) => sum + each.bytes, 0);
      assert.ok(bytes(chosen) >= Math.min(neededBytes, bytes(candidates)));
      if (chosen.length > 0) assert.ok(bytes(chosen.slice(0, -1)) < neededBytes);
    }),
  );
});
