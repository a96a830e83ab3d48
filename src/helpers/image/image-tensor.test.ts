import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureOf, QUARTERS, RED } from '../../../test/support/pictures.ts';
import { imageTensor } from './image-tensor.ts';

test('imageTensor: channels and memory order', () => {
  const picture = pictureOf([[[10, 20, 30]], [[40, 50, 60]]]);
  const bytes = { datatype: 'UINT8' } as const;
  const planar = imageTensor(picture, bytes);
  assert.deepEqual(planar, { shape: [1, 3, 2, 1], data: Uint8Array.of(10, 40, 20, 50, 30, 60) });
  const adjacent = imageTensor(picture, { ...bytes, layout: 'nhwc', channels: 'bgr' });
  assert.deepEqual(adjacent, { shape: [1, 2, 1, 3], data: Uint8Array.of(30, 20, 10, 60, 50, 40) });
  const grey = imageTensor([picture, picture], { ...bytes, channels: 'grey' });
  // 0.299 * 10 + 0.587 * 20 + 0.114 * 30 = 18.15
  assert.deepEqual(grey, { shape: [2, 1, 2, 1], data: Uint8Array.of(18, 48, 18, 48) });
});

test('imageTensor: scale, then mean, then std, per channel or for all', () => {
  const picture = pictureOf([[[0, 128, 255]]]);
  assert.deepEqual([...imageTensor(picture).data], [0, Math.fround(128 / 255), 1]);
  const { data } = imageTensor(picture, { channels: 'bgr', mean: [0.1, 0.2, 0.3], std: 0.5 });
  const expected = [(1 - 0.1) / 0.5, (128 / 255 - 0.2) / 0.5, (0 - 0.3) / 0.5];
  data.forEach((value, index) => {
    assert.ok(Math.abs(value - (expected[index] ?? 0)) < 1e-6, `${index}: ${value}`);
  });
});

test('imageTensor names what does not fit', () => {
  const other = pictureOf([[RED]]);
  assert.throws(() => imageTensor([]), /no pictures came/);
  assert.throws(
    () => imageTensor([QUARTERS, other]),
    /pictures of 2 x 2 and 1 x 1 came, wanted one size: resize/,
  );
  assert.throws(() => imageTensor(QUARTERS, { mean: [1, 2] }), /mean has 2 numbers, wanted one or 3/);
  assert.throws(() => imageTensor(QUARTERS, { datatype: 'UINT8', std: 2 }), /UINT8 keeps the values/);
  assert.throws(
    () => imageTensor(QUARTERS, { layout: 'NCHW' as never }),
    /layout is 'NCHW', wanted nchw or nhwc/,
  );
});
