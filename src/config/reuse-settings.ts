import type * as z from 'zod';
import { flag, positive, section, whole } from './fields.ts';

const MEBIBYTE = 1024 * 1024;

/** The response cache, keyed by the bytes of a request. Only for deterministic models. */
export const CacheSettings = section({
  enabled: flag(false).describe(
    'Whether a request gets the cached answer of an earlier request with the same bytes. Only for models whose answer depends on the input alone.',
  ),
  maxBytes: whole(64 * MEBIBYTE).describe(
    'Largest number of bytes of cached answers; the least recently used are removed first.',
  ),
  ttlMs: positive(60_000).describe('Time for which a cached answer is valid.'),
});
export type CacheSettings = z.output<typeof CacheSettings>;
