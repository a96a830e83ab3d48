import { PNG } from 'pngjs';
import { messageOf, OperatorError } from '../base/errors.ts';
import type { ImageSettings } from '../config/image-settings.ts';

/** Converts a PNG to model input by the image settings, in their layout. Throws an OperatorError for other data. */
export function pixelsOf(png: Buffer, settings: ImageSettings): Float32Array {
  const { width, height, channels, layout, scale, invert } = settings;
  const picture = decode(png);
  const pixels = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = averageColour(picture, x, y, settings);
      const values = channels === 1 ? [luminance(colour)] : colour;
      values.forEach((value, channel) => {
        const index =
          layout === 'hwc' ? (y * width + x) * channels + channel : (channel * height + y) * width + x;
        pixels[index] = (invert ? 255 - value : value) * scale;
      });
    }
  }
  return pixels;
}

type Colour = readonly [number, number, number];

/** The mean over the part of the picture that one pixel of the model input covers. */
function averageColour(picture: PNG, x: number, y: number, { width, height }: ImageSettings): Colour {
  const [left, right] = span(x, width, picture.width);
  const [top, bottom] = span(y, height, picture.height);
  const sum: [number, number, number] = [0, 0, 0];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = 4 * (row * picture.width + column);
      for (let channel = 0; channel < 3; channel++) {
        sum[channel as 0 | 1 | 2] += picture.data[at + channel] as number;
      }
    }
  }
  const count = (right - left) * (bottom - top);
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

function span(index: number, wanted: number, given: number): readonly [number, number] {
  const start = Math.min(Math.floor((index * given) / wanted), given - 1);
  return [start, Math.max(start + 1, Math.floor(((index + 1) * given) / wanted))];
}

/** Rec. 601, the common conversion to grey. */
function luminance([red, green, blue]: Colour): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function decode(png: Buffer): PNG {
  try {
    return PNG.sync.read(png);
  } catch (caught) {
    throw new OperatorError(`--input cannot be read as PNG: ${messageOf(caught)}`);
  }
}
