import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DesiredFacts, planModel, type ServedFacts } from './rollout-plan.ts';

const served = (version: string, isReady = true, isBeingReplaced = false): ServedFacts => ({
  version,
  isReady,
  isBeingReplaced,
});
const desired = (version: string, state: DesiredFacts['state']): DesiredFacts => ({ version, state });

for (const [what, present, wanted, isGone, steps] of [
  [
    'a new version replaces the one that is not desired any more',
    [served('1')],
    [desired('2', 'missing')],
    false,
    { load: [{ version: '2', replaces: '1' }], remove: [] },
  ],
  [
    'one that is desired beside others replaces none',
    [served('1')],
    [desired('1', 'current'), desired('2', 'missing')],
    false,
    { load: [{ version: '2', replaces: undefined }], remove: [] },
  ],
  [
    'a changed version replaces itself',
    [served('1')],
    [desired('1', 'changed')],
    false,
    { load: [{ version: '1', replaces: '1' }], remove: [] },
  ],
  [
    'numbers are compared as numbers',
    [served('9'), served('8')],
    [desired('2', 'missing'), desired('10', 'missing')],
    false,
    {
      load: [
        { version: '2', replaces: undefined },
        { version: '10', replaces: '9' },
      ],
      remove: [],
    },
  ],
  [
    'a version leaves when a desired one serves',
    [served('1'), served('2')],
    [desired('2', 'current')],
    false,
    { load: [], remove: ['1'] },
  ],
  [
    'a version stays while no desired one serves',
    [served('1'), served('2', false)],
    [desired('2', 'current')],
    false,
    { load: [], remove: [] },
  ],
  [
    'a version stays when the desired one has failed',
    [served('1')],
    [desired('2', 'failed')],
    false,
    { load: [], remove: [] },
  ],
  [
    'a version whose rollout is under way is left to it',
    [served('1', true, true), served('2')],
    [desired('3', 'loading'), desired('2', 'current')],
    false,
    { load: [], remove: [] },
  ],
  ['a broken model keeps what serves', [served('1')], [], false, { load: [], remove: [] }],
  [
    'a model that has gone is removed',
    [served('1'), served('2')],
    [],
    true,
    { load: [], remove: ['1', '2'] },
  ],
] as const) {
  test(what, () => assert.deepEqual(planModel(present, wanted, isGone), steps));
}

test('steps lead to what is desired, and a ready version is left as long as there was one', () => {
  const versions = fc.uniqueArray(fc.integer({ min: 1, max: 5 }).map(String));
  const failures = fc.uniqueArray(fc.integer({ min: 1, max: 5 }).map(String));
  fc.assert(
    fc.property(versions, versions, failures, (first, wanted, failing) => {
      const serving = new Set(first);
      const failed = new Set<string>();
      for (let round = 0; round < 10; round++) {
        const { load, remove } = planModel(
          [...serving].map((version) => served(version)),
          wanted.map((version) =>
            desired(version, serving.has(version) ? 'current' : failed.has(version) ? 'failed' : 'missing'),
          ),
          wanted.length === 0,
        );
        if (load.length + remove.length === 0) break;
        for (const version of remove) serving.delete(version);
        for (const { version, replaces } of load) {
          if (failing.includes(version)) {
            failed.add(version);
            continue;
          }
          serving.add(version);
          if (replaces !== undefined) serving.delete(replaces);
        }
        assert.ok(serving.size > 0 || first.length === 0 || wanted.length === 0);
      }
      const good = wanted.filter((version) => first.includes(version) || !failing.includes(version));
      const expected = good.length > 0 || wanted.length === 0 ? good : first;
      assert.deepEqual([...serving].sort(), [...expected].sort());
    }),
    { numRuns: 2_000 },
  );
});
