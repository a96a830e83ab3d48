import * as z from 'zod';
import { text } from './fields.ts';

/** How requests of different lengths share a batch. Without it only requests of the same shape do. */
export const PaddingSettings = z.strictObject({
  axis: z.int().min(1).describe('Index of the axis that is padded; 0 is the batch axis.'),
  inputs: z.array(z.string()).min(1).describe('Inputs that are padded along this axis.'),
  outputs: z
    .array(z.string())
    .default([])
    .describe('Outputs that are cut along this axis to the length of the request.'),
  value: z.number().default(0).describe('Value of the padding.'),
  lengthInput: text().describe(
    'Input of whole numbers that holds the unpadded length of each row, of shape [rows] or [rows, 1]. The server fills it in.',
  ),
  maskInput: text().describe(
    'Input that marks data with 1 and padding with 0, of shape [rows, length]. The server fills it in.',
  ),
});
export type PaddingSettings = z.output<typeof PaddingSettings>;
