import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { colourAt, placesOf } from '../../../test/support/pictures.ts';
import { type Corners, cropImage } from './crop-image.ts';

test('cropImage cuts a box, and repeats the edge outside the picture', () => {
  const picture = placesOf(8, 6);
  const inside = cropImage(picture, { left: 2, top: 1, width: 3, height: 2 });
  assert.deepEqual([inside.width, inside.height], [3, 2]);
  assert.deepEqual(colourAt(inside, 0, 0), [2, 1, 7]);
  assert.deepEqual(colourAt(inside, 2, 1), [4, 2, 7]);
  const beyond = cropImage(picture, { left: -3, top: 4, width: 4, height: 9 });
  assert.deepEqual(colourAt(beyond, 0, 0), [0, 4, 7]);
  assert.deepEqual(colourAt(beyond, 3, 8), [0, 5, 7]);
});

test('cropImage turns a rotated area upright', () => {
  // A line of text that is read upwards: its left upper corner is the left lower corner of the picture.
  const corners: Corners = [
    [0, 8],
    [0, 0],
    [4, 0],
    [4, 8],
  ];
  assert.throws(() => cropImage(placesOf(4, 8), corners.slice(1)), /3 corners came, wanted 4/);
  const upright = cropImage(placesOf(4, 8), corners);
  assert.deepEqual([upright.width, upright.height], [8, 4]);
  assert.deepEqual(colourAt(upright, 0, 0), [0, 7, 7]);
  assert.deepEqual(colourAt(upright, 7, 0), [0, 0, 7]);
  assert.deepEqual(colourAt(upright, 0, 3), [3, 7, 7]);
  assert.deepEqual(colourAt(upright, 7, 3), [3, 0, 7]);
});

test('the box of a whole picture is that picture', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(sizes, ([width, height]) => {
      const picture = placesOf(width, height);
      assert.deepEqual(cropImage(picture, { left: 0, top: 0, width, height }), picture);
    }),
  );
});

test('an area that is not a number, or larger than any picture, is an error', () => {
  const picture = placesOf(2, 2);
  for (const [width, size] of [
    [Number.NaN, 'NaN x NaN'],
    [1e9, '1000000000 x 2'],
  ] as const) {
    const area = { left: 0, top: 0, width, height: 2 };
    assert.throws(() => cropImage(picture, area), new RegExp(`the area has ${size} pixels, wanted at most`));
  }
});
