import { messageOf } from '../../base/errors.ts';
import { loadSharp, sharpColour } from './load-sharp.ts';
import type { Colour, Picture } from './picture.ts';

/** The bytes of a picture cannot be decoded; the message says why. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** Options of `decodeImage`. */
export interface DecodeOptions {
  /** A picture of more pixels is refused before it is decoded: a file of a few kilobytes can hold gigabytes. Default: 50 million. */
  readonly maxPixels?: number;
  /** The colour behind transparent pixels. Default: white. */
  readonly background?: Colour;
}

const MAX_PIXELS = 50_000_000;
const WHITE: Colour = [255, 255, 255];

/**
 * Decodes a PNG, JPEG, WebP or GIF. It is turned upright as its EXIF orientation says; transparent pixels show the
 * background; of an animation the first picture is taken. Throws an ImageError for any other bytes.
 */
export async function decodeImage(
  bytes: Uint8Array,
  { maxPixels = MAX_PIXELS, background = WHITE }: DecodeOptions = {},
): Promise<Picture> {
  const format = formatOf(bytes);
  const sharp = await loadSharp();
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (width * height > maxPixels) {
      throw new ImageError(
        `the ${format} has ${width} x ${height} pixels, wanted at most ${maxPixels}: send a smaller picture or raise maxPixels`,
      );
    }
    // Phones write JPEGs that make the decoder warn, which is no reason to refuse them.
    const { data, info } = await sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .rotate()
      .flatten({ background: sharpColour(background) })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (caught) {
    if (caught instanceof ImageError) throw caught;
    throw new ImageError(`the ${format} cannot be decoded: ${messageOf(caught)}`, { cause: caught });
  }
}

/** Only these decoders see the bytes of a caller. */
function formatOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (text.startsWith('\x89PNG')) return 'PNG';
  if (text.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'WebP';
  if (text.startsWith('GIF8')) return 'GIF';
  const start = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  const came = bytes.length === 0 ? 'no bytes came' : `the bytes begin with ${start}`;
  throw new ImageError(`${came}, wanted a PNG, JPEG, WebP or GIF`);
}
