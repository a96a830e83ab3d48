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

/** Where the bytes of each channel are in a pixel. Grey is made first, as a picture of one channel. */
const CHANNELS = { rgb: [0, 1, 2], bgr: [2, 1, 0], grey: [0] } as const;

/** Makes the input of a model from one or several pictures of the same size. */
export function imageTensor<T extends 'FP32' | 'UINT8' = 'FP32'>(
  pictures: Picture | readonly Picture[],
  options: ImageTensorOptions<T> = {},
): ImageTensor<T extends 'UINT8' ? Uint8Array : Float32Array> {
  const list = 'data' in pictures ? [pictures] : pictures;
  const { width, height } = sizeOf(list);
  const { channels = 'rgb', layout = 'nchw' } = options;
  const datatype: 'FP32' | 'UINT8' = options.datatype ?? 'FP32';
  const places = oneOf('imageTensor: channels', channels, CHANNELS);
  const isPlanar = oneOf('imageTensor: layout', layout, { nchw: true, nhwc: false });
  const Data = oneOf('imageTensor: datatype', datatype, { FP32: Float32Array, UINT8: Uint8Array });
  const isBytes = datatype === 'UINT8';
  if (isBytes && ['scale', 'mean', 'std'].some((name) => name in options)) {
    throw new TypeError('imageTensor: UINT8 keeps the values of the pixels, wanted no scale, mean or std');
  }
  const count = places.length;
  const pixels = width * height;
  const data = new Data(list.length * pixels * count);
  const [size, sources] = channels === 'grey' ? [1, list.map(greyOf)] : [3, list.map((each) => each.data)];
  places.forEach((place, channel) => {
    const mean = perChannel('mean', options.mean ?? 0, channel, count);
    const std = perChannel('std', options.std ?? 1, channel, count);
    const scale = options.scale ?? 1 / 255;
    const values = Float64Array.from({ length: 256 }, (_, byte) =>
      isBytes ? byte : (byte * scale - mean) / std,
    );
    const [start, step] = isPlanar ? [channel * pixels, 1] : [channel, count];
    sources.forEach((source, row) => {
      let to = row * pixels * count + start;
      for (let from = place; from < size * pixels; from += size) {
        data[to] = values[source[from] as number] as number;
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

/** Rec. 601, rounded as in an 8-bit picture. */
function greyOf({ data }: Picture): Uint8Array {
  const grey = new Uint8Array(data.length / 3);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const at = 3 * pixel;
    const [red, green, blue] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
    grey[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}
