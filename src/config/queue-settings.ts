import * as z from 'zod';
import { section, whole } from './fields.ts';

/** How much may wait for a replica before requests are refused. */
export const QueueSettings = section({
  maxRows: whole(1024).describe(
    'Largest number of rows in the queue; requests beyond it are refused with 503 QUEUE_FULL.',
  ),
  maxRequestRows: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Largest number of rows of one request; a larger request is refused with 400 BATCH_TOO_LARGE. Default and upper limit: queue.maxRows.',
    ),
  timeoutMs: z
    .number()
    .positive()
    .optional()
    .describe(
      'Longest time a request waits for a replica; then 503 DROPPED_LATE. The time in the model does not count. Default: a request waits until its timeout.',
    ),
  maxBytes: whole(256 * 1024 * 1024).describe(
    'Largest number of bytes of inputs in the queue; requests beyond it are refused with 503 QUEUE_FULL.',
  ),
});
export type QueueSettings = z.output<typeof QueueSettings>;
