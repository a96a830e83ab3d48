import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLUE, colourAt, pictureOf, placesOf, QUARTERS, WHITE } from '../../../test/support/pictures.ts';
import { resizeImage } from './resize-image.ts';

for (const [fit, expected] of [
  ['stretch', { left: 0, top: 0, scaleX: 1, scaleY: 2 }],
  ['contain', { left: 0, top: 2, scaleX: 1, scaleY: 1 }],
  ['cover', { left: -4, top: 0, scaleX: 2, scaleY: 2 }],
] as const) {
  test(`resizeImage: ${fit} says where points of the original are`, async () => {
    const resized = await resizeImage(placesOf(8, 4), { width: 8, height: 8, fit, kernel: 'nearest' });
    const { data, width, height, ...place } = resized;
    assert.deepEqual({ width, height, place }, { width: 8, height: 8, place: expected });
    // The pixel in the middle of the result shows the one in the middle of the original.
    const [x, y] = [(4.5 - place.left) / place.scaleX, (4.5 - place.top) / place.scaleY];
    assert.deepEqual(colourAt(resized, 4, 4), [Math.floor(x), Math.floor(y), 7]);
  });
}

test('resizeImage fills the rest with the background, in the middle or at the end', async () => {
  const white = pictureOf([[WHITE, WHITE]]);
  const size = { width: 4, height: 4, fit: 'contain', background: [0, 0, 255] } as const;
  const centred = await resizeImage(white, size);
  assert.deepEqual(
    [0, 1, 2, 3].map((y) => colourAt(centred, 0, y)),
    [BLUE, WHITE, WHITE, BLUE],
  );
  const atStart = await resizeImage(white, { ...size, position: 'start' });
  assert.deepEqual(
    [0, 1, 2, 3].map((y) => colourAt(atStart, 0, y)),
    [WHITE, WHITE, BLUE, BLUE],
  );
});

test('a picture of extreme proportions covers a square without filling the memory', async () => {
  const line = { width: 60_000, height: 1, data: new Uint8Array(180_000).fill(255) };
  const { width, height, data } = await resizeImage(line, { width: 640, height: 640, fit: 'cover' });
  assert.deepEqual([width, height, data.length], [640, 640, 3 * 640 * 640]);
});

test('resizeImage refuses sizes and words that mean nothing', async () => {
  await assert.rejects(resizeImage(QUARTERS, { width: 0, height: 4 }), /width is 0, wanted a whole number/);
  const wrong = { width: 4, height: 4, fit: 'letterbox' } as never;
  await assert.rejects(
    resizeImage(QUARTERS, wrong),
    /fit is 'letterbox', wanted stretch or contain or cover/,
  );
});
