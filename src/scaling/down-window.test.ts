import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DownWindow } from './down-window.ts';

test('the largest of a window is that of all its numbers', () => {
  const step = fc.record({ after: fc.integer({ min: 1, max: 40 }), value: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const window = new DownWindow(100);
      const added: { at: number; value: number }[] = [];
      let now = 0;
      for (const { after, value } of steps) {
        now += after;
        added.push({ at: now, value });
        const wanted = Math.max(...added.filter(({ at }) => now - at <= 100).map((each) => each.value));
        assert.equal(window.add(now, value), wanted);
        assert.ok((window.fallsAt ?? 0) >= now);
      }
    }),
  );
});
