import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;

/** Answers kept for requests that are equal in every byte. Only for models that answer the same each time. */
export const CacheSettings = z
  .strictObject({
    enabled: z.boolean().default(false).describe('On: an equal request gets the answer of an earlier one.'),
    maxBytes: z
      .int()
      .min(1)
      .default(64 * MEBIBYTE)
      .describe('Bytes of answers kept; those used longest ago go first.'),
    ttlMs: z.number().positive().default(60_000).describe('How long an answer is good for.'),
  })
  .prefault({});
export type CacheSettings = z.output<typeof CacheSettings>;

/** How requests of different length may share a batch. Without it only those of the same shape do. */
export const PaddingSettings = z.strictObject({
  axis: z
    .int()
    .min(1)
    .describe(
      'The axis that may be longer than a request needs, counted from 0, which is that of the batch.',
    ),
  inputs: z.array(z.string()).min(1).describe('Inputs that have this axis, and are padded along it.'),
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
