import assert from 'node:assert/strict';
import { test } from 'node:test';
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
