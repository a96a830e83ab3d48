import { z } from 'zod';

/** How requests of different length may share a batch. Without it only those of the same shape do. */
export const PaddingSettings = z.strictObject({
  axis: z
    .int()
    .min(1)
    .describe(
      'The axis that may be longer than a request needs, counted from 0, which is that of the batch.',
    ),
  inputs: z.array(z.string()).min(1).describe('Inputs that have this axis, and are padded along it.'),
  outputs: z
    .array(z.string())
    .default([])
    .describe('Outputs that have this axis, and are cut back to the length of the request.'),
  value: z.number().default(0).describe('What the padding is filled with.'),
  lengthInput: z
    .string()
    .optional()
    .describe(
      'Input that tells the model the true length of each row: [rows] or [rows, 1], a whole number. Filled in by the server.',
    ),
  maskInput: z
    .string()
    .optional()
    .describe(
      'Input that tells the model what is real, 1, and what is padding, 0: [rows, length]. Filled in by the server.',
    ),
});
export type PaddingSettings = z.output<typeof PaddingSettings>;
