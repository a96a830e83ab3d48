import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type IndexedValues, largestValue, withValue } from './kpa-sliding-max.ts';

test('the maximum is that of the last indexes, whatever was recorded at each', () => {
  const record = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(record, { minLength: 1 }), (size, records) => {
      let values: IndexedValues = [];
      let index = 0;
      const all: (readonly [number, number])[] = [];
      for (const [skip, value] of records) {
        index += skip;
        all.push([index, value]);
        values = withValue(values, size, index, value);
        const recent = all.filter(([at]) => index - at < size).map(([, each]) => each);
        assert.equal(largestValue(values), Math.max(...recent));
        assert.ok(values.length <= size);
      }
    }),
  );
});
