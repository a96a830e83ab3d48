import { z } from 'zod';

/** How `galley infer` turns a PNG into the model's input. */
export const ImageSettings = z.strictObject({
  input: z.string().describe('The input that takes the picture.'),
  width: z.int().min(1).describe('Pixels the model wants across; a picture of another size is resampled.'),
  height: z.int().min(1).describe('Pixels the model wants down.'),
  channels: z
    .union([z.literal(1), z.literal(3)])
    .default(1)
    .describe('1 for grey, 3 for red, green, blue.'),
  layout: z
    .enum(['hwc', 'chw'])
    .default('hwc')
    .describe('Whether the channels of a pixel, or the pixels of a channel, lie together.'),
  scale: z
    .number()
    .default(1 / 255)
    .describe('Factor from 0..255 to what the model was trained on.'),
  invert: z.boolean().default(false).describe('Turns black on white into white on black, before scaling.'),
  labels: z.array(z.string()).optional().describe('Names of the classes, in the order of the output.'),
});
export type ImageSettings = z.output<typeof ImageSettings>;
