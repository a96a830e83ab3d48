import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Decision, FREQUENT } from './decision.ts';
import { DecisionLog } from './decision-log.ts';

test('the decisions after an id equal the tail of the whole list, however full the log is', () => {
  const kind = fc.constantFrom<Decision['kind']>('batch', 'restart', 'alert', 'refusal');
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 40 }), fc.integer({ min: -1, max: 45 }), (kinds, id) => {
      const log = new DecisionLog(8);
      for (const each of kinds)
        log.add({ at: 0, kind: each, model: 'm', version: '1', replica: '', facts: {} as never });
      const wanted = log.list().filter((it) => !FREQUENT.has(it.kind) && it.id > id);
      assert.deepEqual(log.rareSince(id), wanted);
    }),
  );
});
