import { oneOf } from '../shared/one-of.ts';
import { loadSharp, sharpColour } from './load-sharp.ts';
import type { Colour, Picture } from './picture.ts';

/** Options of `resizeImage`. */
export interface ResizeOptions {
  readonly width: number;
  readonly height: number;
  /**
   * `stretch` changes the proportions; `contain` shows the whole picture and fills the rest with `background`; `cover`
   * fills the whole size and cuts off what is left over. Default: `stretch`.
   */
  readonly fit?: 'stretch' | 'contain' | 'cover';
  /** Where the picture lies in the new size: in the middle, or at the left and top. Default: `centre`. */
  readonly position?: 'centre' | 'start';
  /** The colour around the picture. Default: black. */
  readonly background?: Colour;
  /** How pixels are interpolated. Default: `lanczos3`. */
  readonly kernel?: 'nearest' | 'cubic' | 'lanczos3';
}

/** A resized picture: its point (x, y) is the point ((x - left) / scaleX, (y - top) / scaleY) of the original. */
export interface ResizedPicture extends Picture {
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

const BLACK: Colour = [0, 0, 0];

/** Changes the size of a picture. The result says where each of its points lies in the original. */
export async function resizeImage(picture: Picture, options: ResizeOptions): Promise<ResizedPicture> {
  const { width, height, fit = 'stretch', position = 'centre', kernel = 'lanczos3' } = options;
  for (const [name, size] of Object.entries({ width, height })) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`resizeImage: ${name} is ${size}, wanted a whole number of at least 1`);
    }
  }
  const share = oneOf('resizeImage: position', position, { start: 0, centre: 0.5 });
  const { part, inner } = oneOf('resizeImage: fit', fit, {
    stretch: { part: picture, inner: options },
    contain: { part: picture, inner: largestWithin(options, picture) },
    // The picture is cut before it grows: one of extreme proportions would fill the memory.
    cover: { part: largestWithin(picture, options), inner: options },
  });
  const [cutLeft, cutTop] = [rest(picture.width, part.width), rest(picture.height, part.height)];
  const [padLeft, padTop] = [rest(width, inner.width), rest(height, inner.height)];
  function rest(whole: number, taken: number): number {
    return Math.floor((whole - taken) * share);
  }
  const sharp = await loadSharp();
  const data = await sharp(picture.data, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
    limitInputPixels: false,
  })
    .extract({ left: cutLeft, top: cutTop, width: part.width, height: part.height })
    .resize({ width: inner.width, height: inner.height, fit: 'fill', kernel })
    .extend({
      left: padLeft,
      top: padTop,
      right: width - inner.width - padLeft,
      bottom: height - inner.height - padTop,
      background: sharpColour(options.background ?? BLACK),
    })
    .raw()
    .toBuffer();
  const [scaleX, scaleY] = [inner.width / part.width, inner.height / part.height];
  return {
    ...{ width, height, data, scaleX, scaleY },
    ...{ left: padLeft - cutLeft * scaleX, top: padTop - cutTop * scaleY },
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The largest size within a frame that has the proportions of a model size. */
function largestWithin(frame: Size, { width, height }: Size): Size {
  const scale = Math.min(frame.width / width, frame.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
