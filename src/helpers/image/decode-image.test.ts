import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { BLUE, colourAt, pictureOf, QUARTERS, RED, raw, WHITE } from '../../../test/support/pictures.ts';
import { decodeImage, ImageError } from './decode-image.ts';
import { resizeImage } from './resize-image.ts';

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
