import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { type Corners, cropImage } from './crop-image.ts';
import { decodeImage, ImageError } from './decode-image.ts';
import { imageTensor } from './image-tensor.ts';
import type { Picture } from './picture.ts';
import { resizeImage } from './resize-image.ts';

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];
const WHITE = [255, 255, 255];
const BLACK = [0, 0, 0];

/** A picture of the given rows of colours. */
function pictureOf(rows: readonly (readonly (readonly number[])[])[]): Picture {
  return { width: rows[0]?.length ?? 0, height: rows.length, data: Uint8Array.from(rows.flat(2)) };
}

function colourAt({ width, data }: Picture, x: number, y: number): number[] {
  return [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

/** Each pixel tells its place: red is its column, green its row. */
function placesOf(width: number, height: number): Picture {
  const rows = Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => [x, y, 7]));
  return pictureOf(rows);
}

function raw({ width, height, data }: Picture) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const QUARTERS = pictureOf([
  [RED, GREEN],
  [BLUE, WHITE],
]);

test('PNG, WebP and GIF are decoded to red, green and blue', async () => {
  const files = [
    await raw(QUARTERS).png().toBuffer(),
    await raw(QUARTERS).webp({ lossless: true }).toBuffer(),
    await raw(QUARTERS).gif().toBuffer(),
  ];
  for (const file of files) {
    const { width, height, data } = await decodeImage(file);
    assert.deepEqual({ width, height, data: [...data] }, { ...QUARTERS, data: [...QUARTERS.data] });
  }
});

test('a JPEG is turned upright as its EXIF orientation says', async () => {
  const wide = await resizeImage(QUARTERS, { width: 64, height: 32, kernel: 'nearest' });
  // Orientation 6: the left upper corner of the file is the right upper corner of the picture.
  const file = await raw(wide).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer();
  const picture = await decodeImage(file);
  assert.deepEqual([picture.width, picture.height], [32, 64]);
  const corner = colourAt(picture, 30, 2);
  assert.ok((corner[0] ?? 0) > 240 && (corner[1] ?? 255) < 15 && (corner[2] ?? 255) < 15, String(corner));
});

test('grey, 16-bit and transparent pictures become 8-bit colours', async () => {
  const grey = await raw(pictureOf([[[90, 90, 90]]]))
    .greyscale()
    .png()
    .toBuffer();
  assert.deepEqual([...(await decodeImage(grey)).data], [90, 90, 90]);
  const deep = await sharp(Uint16Array.of(65535, 0, 32896), { raw: { width: 1, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  assert.equal((await sharp(deep).metadata()).depth, 'ushort');
  assert.deepEqual([...(await decodeImage(deep)).data], [255, 0, 128]);
  const clear = await sharp(Uint8Array.of(255, 0, 0, 255, 9, 9, 9, 0), {
    raw: { width: 2, height: 1, channels: 4 },
  })
    .png()
    .toBuffer();
  assert.deepEqual([...(await decodeImage(clear)).data], [...RED, ...WHITE]);
  assert.deepEqual([...(await decodeImage(clear, { background: [0, 0, 255] })).data], [...RED, ...BLUE]);
});

test('of an animation the first picture is taken', async () => {
  const frames = pictureOf([[RED], [BLUE]]);
  const file = await sharp(frames.data, { raw: { width: 1, height: 2, channels: 3, pageHeight: 1 } })
    .gif({ delay: [50, 50] })
    .toBuffer();
  assert.equal((await sharp(file).metadata()).pages, 2);
  const { width, height, data } = await decodeImage(file);
  assert.deepEqual([width, height, ...data], [1, 1, ...RED]);
});

test('a picture of too many pixels is refused before it is decoded', async () => {
  const file = await raw(QUARTERS).png().toBuffer();
  // The header claims another size; its checksum is right.
  file.writeUInt32BE(90_000, 16);
  file.writeUInt32BE(90_000, 20);
  file.writeUInt32BE(crc32(file.subarray(12, 29)), 29);
  await assert.rejects(decodeImage(file), {
    name: 'ImageError',
    message:
      'the PNG has 90000 x 90000 pixels, wanted at most 50000000: send a smaller picture or raise maxPixels',
  });
});

for (const [why, bytes, message] of [
  ['nothing', [], /^no bytes came, wanted a PNG, JPEG, WebP or GIF$/],
  ['a text', [...Buffer.from('<svg/>')], /^the bytes begin with 3c7376672f3e, wanted a PNG/],
  ['a PNG without content', [...Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')], /^the PNG cannot be decoded: /],
] as const) {
  test(`${why} is an ImageError`, async () => {
    await assert.rejects(decodeImage(Uint8Array.from(bytes)), { name: 'ImageError', message });
  });
}

test('a file that is cut off or damaged is decoded or an ImageError, whatever its bytes', async () => {
  const noise = Uint8Array.from({ length: 3 * 16 * 16 }, (_, index) => (index * 7919) % 251);
  const picture = { width: 16, height: 16, data: noise };
  const files = [
    await raw(picture).png().toBuffer(),
    await raw(picture).jpeg().toBuffer(),
    await raw(picture).webp().toBuffer(),
  ];
  for (const file of files) {
    await assert.rejects(decodeImage(file.subarray(0, file.length >> 1)), ImageError);
  }
  const damage = fc.record({
    file: fc.constantFrom(...files),
    at: fc.nat(400),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, at, bytes }) => {
      const broken = Uint8Array.from(file);
      broken.set(bytes, Math.min(at, broken.length - bytes.length));
      const result = await decodeImage(broken, { maxPixels: 4096 }).catch((caught: unknown) => caught);
      assert.ok(result instanceof ImageError || 'data' in (result as object), String(result));
    }),
    { numRuns: 60 },
  );
});

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
  assert.notDeepEqual(colourAt(upright, 0, 0), BLACK);
});
