import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { GalleyClient, RefusedError } from '../../src/client/index.ts';
import { PROJECT, RunningServer } from '../support/running-server.ts';

const PICTURE = readFileSync(join(PROJECT, 'examples/ocr/picture.png'));

let server: RunningServer;
before(async () => {
  server = await RunningServer.start(['examples/ocr']);
});
after(async () => server.stop());

/** The lines of text in each picture. */
async function linesIn(...pictures: readonly Uint8Array[]): Promise<string[][]> {
  const input = { name: 'image', datatype: 'BYTES', shape: [pictures.length], data: pictures } as const;
  const { outputs } = await new GalleyClient(server.url).infer('ocr', [input]);
  const texts = outputs[0]?.data as readonly Uint8Array[];
  return texts.map((text) => Buffer.from(text).toString().split('\n').filter(Boolean));
}

test('the lines of pictures are read, also a crooked one, and from a JPEG on its side', async () => {
  const empty = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const onItsSide = await sharp(PICTURE)
    .rotate(90)
    .withMetadata({ orientation: 8 })
    .jpeg({ quality: 95 })
    .toBuffer();
  const lines = ['Harbour Bakery', '2 rolls and 1 coffee', 'Total: 7.40', 'Thank you for your visit'];
  assert.deepEqual(await linesIn(PICTURE, empty, onItsSide), [lines, [], lines]);
});

test('bytes that are no picture are an error that says so', async () => {
  const caught = await linesIn(Buffer.from('%PDF-1.7')).catch((error: unknown) => error);
  assert.ok(caught instanceof RefusedError);
  assert.equal(caught.status, 400);
  assert.match(caught.message, /the bytes begin with 255044462d312e37, wanted a PNG, JPEG, WebP or GIF/);
});
