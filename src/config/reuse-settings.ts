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
