import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cutAxis, padAxis } from './pad.ts';
import { flatten } from './segments.ts';
import { bytesOf, elementCount } from './tensor.ts';

test('a tensor that is padded and cut along any axis is unchanged', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
      fc.nat({ max: 3 }),
      fc.nat({ max: 5 }),
      (shape, axisSeed, extra) => {
        const axis = 1 + (axisSeed % (shape.length - 1));
        const numbers = Int16Array.from({ length: elementCount(shape) }, (_, index) => index + 1);
        const tensor = { name: 'x', datatype: 'INT16', shape, data: bytesOf(numbers) } as const;
        const padded = padAxis(tensor, axis, (shape[axis] ?? 0) + extra, -7);
        assert.equal(padded.data.byteLength, 2 * elementCount(padded.shape));
        const back = cutAxis(padded, axis, shape[axis] ?? 0);
        assert.deepEqual(back.shape, shape);
        assert.deepEqual(flatten(back.data), flatten(tensor.data));
        const values = new Int16Array(Uint8Array.from(flatten(padded.data)).buffer);
        assert.equal(values.filter((value) => value === -7).length, values.length - numbers.length);
      },
    ),
  );
});
