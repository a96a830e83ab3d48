import { oneOf } from '../shared/one-of.ts';
import type { Picture } from './picture.ts';

/** Options of `imageTensor`. */
export interface ImageTensorOptions<T extends 'FP32' | 'UINT8' = 'FP32' | 'UINT8'> {
  /** The channels and their order. `grey` is one channel, by Rec. 601. Default: `rgb`. */
  readonly channels?: 'rgb' | 'bgr' | 'grey';
  /** Memory order. `nchw`: the pixels of a channel are adjacent. `nhwc`: the channels of a pixel are. Default: `nchw`. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Default: FP32. UINT8 keeps the values from 0 to 255 and takes no scale, mean or std. */
  readonly datatype?: T;
  /** Values from 0 to 255 are multiplied by it first. Default: 1/255. */
  readonly scale?: number;
  /** Subtracted after the scale: one number, or one per channel in the order of the channels. Default: 0. */
  readonly mean?: number | readonly number[];
  /** Divides what is left: one number, or one per channel in the order of the channels. Default: 1. */
  readonly std?: number | readonly number[];
}

/** The input of a model made from pictures: one row per picture. */
export interface ImageTensor<Data = Float32Array> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** The share of red, green and blue in each channel. */
const CHANNELS = {
  rgb: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  bgr: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  grey: [[0.299, 0.587, 0.114]],
} as const;

/** Makes the input of a model from one or several pictures of the same size. */
export function imageTensor<T extends 'FP32' | 'UINT8' = 'FP32'>(
  pictures: Picture | readonly Picture[],
  options: ImageTensorOptions<T> = {},
): ImageTensor<T extends 'UINT8' ? Uint8Array : Float32Array> {
  const list = 'data' in pictures ? [pictures] : pictures;
  const { width, height } = sizeOf(list);
  const { channels = 'rgb', layout = 'nchw' } = options;
  const datatype: 'FP32' | 'UINT8' = options.datatype ?? 'FP32';
  const mixes = oneOf('imageTensor: channels', channels, CHANNELS);
  const isPlanar = oneOf('imageTensor: layout', layout, { nchw: true, nhwc: false });
  const Data = oneOf('imageTensor: datatype', datatype, { FP32: Float32Array, UINT8: Uint8Array });
  const isBytes = datatype === 'UINT8';
  if (isBytes && ['scale', 'mean', 'std'].some((name) => name in options)) {
    throw new TypeError('imageTensor: UINT8 keeps the values of the pixels, wanted no scale, mean or std');
  }
  const count = mixes.length;
  const pixels = width * height;
  const data = new Data(list.length * pixels * count);
  mixes.forEach(([red, green, blue], channel) => {
    const std = perChannel('std', options.std ?? 1, channel, count);
    const factor = isBytes ? 1 : (options.scale ?? 1 / 255) / std;
    // A byte is cut off when it is stored: half a step more rounds it.
    const shift = isBytes ? 0.5 : -perChannel('mean', options.mean ?? 0, channel, count) / std;
    const [start, step] = isPlanar ? [channel * pixels, 1] : [channel, count];
    list.forEach((picture, row) => {
      const source = picture.data;
      let to = row * pixels * count + start;
      for (let from = 0; from < 3 * pixels; from += 3) {
        const r = source[from] as number;
        const g = source[from + 1] as number;
        const b = source[from + 2] as number;
        data[to] = (red * r + green * g + blue * b) * factor + shift;
        to += step;
      }
    });
  });
  const shape = isPlanar ? [list.length, count, height, width] : [list.length, height, width, count];
  return { shape, data: data as never };
}

function sizeOf(pictures: readonly Picture[]): { readonly width: number; readonly height: number } {
  const [first, ...others] = pictures;
  if (first === undefined) throw new RangeError('imageTensor: no pictures came, wanted at least one');
  for (const other of others) {
    if (other.width === first.width && other.height === first.height) continue;
    const sizes = `${first.width} x ${first.height} and ${other.width} x ${other.height}`;
    throw new RangeError(`imageTensor: pictures of ${sizes} came, wanted one size: resize them first`);
  }
  return first;
}

function perChannel(name: string, value: number | readonly number[], channel: number, count: number): number {
  if (typeof value === 'number') return value;
  if (value.length === count) return value[channel] as number;
  throw new RangeError(`imageTensor: ${name} has ${value.length} numbers, wanted one or ${count}`);
}
