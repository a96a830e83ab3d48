import * as z from 'zod';
import { flag } from './fields.ts';

/** How `galley infer` turns a PNG into the model's input. */
export const ImageSettings = z.strictObject({
  input: z.string().describe('Name of the input that takes the picture.'),
  width: z.int().min(1).describe('Width of the input in pixels; a picture of another size is resampled.'),
  height: z.int().min(1).describe('Height of the input in pixels.'),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .default(1)
    .describe('1: grey. 3: red, green, blue.'),
  layout: z
    .enum(['hwc', 'chw'])
    .default('hwc')
    .describe(
      'Memory order. hwc: the channels of a pixel are adjacent. chw: the pixels of a channel are adjacent.',
    ),
  scale: z
    .number()
    .default(1 / 255)
    .describe('Factor by which pixel values from 0 to 255 are multiplied. Default: 1/255.'),
  invert: flag(false).describe(
    'Inverts pixel values before scaling, so that black on white becomes white on black.',
  ),
  labels: z.array(z.string()).optional().describe('Class names in the order of the output.'),
});
export type ImageSettings = z.output<typeof ImageSettings>;
