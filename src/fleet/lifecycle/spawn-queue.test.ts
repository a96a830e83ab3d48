import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { onMistake } from '../../base/mistake.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { BoundedSpawnQueue, type LoadClaim } from './spawn-queue.ts';

function setUp(places: number) {
  const clock = new VirtualClock();
  const queue = new BoundedSpawnQueue(clock, places);
  const granted: string[] = [];
  const claim = (name: string) => {
    const [version = ''] = name.split('#');
    const it = queue.claim(version, () => granted.push(name));
    if (!it.isWaiting) granted.push(name);
    return it;
  };
  return { clock, queue, granted, claim };
}

test('replicas that find a place start in their own turn', () => {
  const { granted, claim } = setUp(2);
  claim('a#0');
  claim('a#1');
  assert.deepEqual(granted, ['a#0', 'a#1']);
});

test('the others wait, and a place goes to them in a later turn, not within the call that gives it back', () => {
  const { clock, granted, claim } = setUp(1);
  const first = claim('a#0');
  assert.equal(claim('a#1').isWaiting, true);
  first.giveBack();
  assert.deepEqual(granted, ['a#0']);
  clock.advance(0);
  assert.deepEqual(granted, ['a#0', 'a#1']);
});

test('a version with many replicas does not delay the others', () => {
  const { clock, granted, claim } = setUp(1);
  const claims = ['a#0', 'a#1', 'a#2', 'a#3', 'b#0', 'c#0', 'b#1'].map((name) => claim(name));
  for (let turn = 0; turn < 7; turn++) {
    const name = granted.at(-1) ?? '';
    claims[['a#0', 'a#1', 'a#2', 'a#3', 'b#0', 'c#0', 'b#1'].indexOf(name)]?.giveBack();
    clock.advance(0);
  }
  assert.deepEqual(granted, ['a#0', 'b#0', 'c#0', 'a#1', 'b#1', 'a#2', 'a#3']);
});

test('a place is given back once, and a claim that is withdrawn while it waits is never granted', () => {
  const { clock, queue, granted, claim } = setUp(1);
  const first = claim('a#0');
  const second = claim('a#1');
  claim('a#2');
  claim('a#3');
  second.giveBack();
  first.giveBack();
  first.giveBack();
  clock.advance(0);
  first.giveBack();
  second.giveBack();
  clock.advance(0);
  assert.deepEqual(granted, ['a#0', 'a#2']);
  assert.deepEqual([queue.held, queue.waiting], [1, 1]);
});

test('a replica whose start throws does not keep the others from starting', () => {
  const mistakes: string[] = [];
  const stop = onMistake(({ where }) => mistakes.push(where));
  const { clock, queue, granted, claim } = setUp(2);
  const holders = [claim('a#0'), claim('a#1')];
  queue.claim('a', () => {
    throw new Error('no');
  });
  claim('a#2');
  for (const holder of holders) holder.giveBack();
  clock.advance(0);
  stop();
  assert.deepEqual([granted.at(-1), mistakes], ['a#2', ['the start of a replica']]);
});

test('places are bounded and never idle while a replica waits, and no version is passed over twice, in any order', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('claim' as const), version: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ kind: fc.constantFrom('give back' as const), of: fc.nat(), isTwice: fc.boolean() }),
      fc.constant({ kind: 'turn' as const }),
    ),
    { maxLength: 120, size: 'max' },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (places, taken) => {
      const { clock, queue, granted, claim } = setUp(places);
      const live = new Map<string, LoadClaim>();
      const over = new Set<string>();
      let asked = 0;
      for (const step of taken) {
        if (step.kind === 'claim') {
          const name = `${step.version}#${asked++}`;
          live.set(name, claim(name));
        } else if (step.kind === 'give back') {
          const name = [...live.keys()][step.of % Math.max(live.size, 1)] ?? '';
          live.get(name)?.giveBack();
          if (step.isTwice) live.get(name)?.giveBack();
          live.delete(name);
          over.add(name);
        } else {
          clock.advance(0);
        }
        const held = granted.filter((name) => live.has(name)).length;
        assert.equal(queue.held, held, 'places held');
        assert.equal(queue.waiting, live.size - held, 'replicas that wait');
        assert.ok(held <= places, `${held} of ${places}`);
        if (step.kind === 'turn') assert.ok(held === places || queue.waiting === 0, 'a place is idle');
      }
      // Whatever waits now gets its place when the others give theirs back, the versions in turn.
      const waiting = [...live.keys()].filter((name) => !granted.includes(name));
      const from = granted.length;
      for (let turn = 0; turn <= asked; turn++) {
        for (const name of granted) live.get(name)?.giveBack();
        clock.advance(0);
      }
      const later = granted.slice(from).filter((name) => waiting.includes(name));
      assert.deepEqual([...later].sort(), [...waiting].sort(), 'every replica gets a place');
      assert.equal(new Set(granted).size, granted.length, 'none gets two');
      for (const [index, name] of later.entries()) {
        const others = later.slice(0, index).filter((other) => versionOf(other) !== versionOf(name));
        const own = later.slice(0, index).filter((other) => versionOf(other) === versionOf(name));
        assert.deepEqual(
          own,
          [...own].sort((a, b) => numberOf(a) - numberOf(b)),
          'in order within a version',
        );
        for (const version of new Set(others.map(versionOf))) {
          const before = others.filter((other) => versionOf(other) === version).length;
          assert.ok(before <= own.length + 1, `${name} is passed over by version ${version}`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

function versionOf(name: string): string {
  return name.split('#')[0] ?? '';
}

function numberOf(name: string): number {
  return Number(name.split('#')[1]);
}
