import { z } from 'zod';

/** How much may wait for a replica before requests are refused. */
export const QueueSettings = z
  .strictObject({
    maxRows: z
      .int()
      .min(1)
      .default(1024)
      .describe('Rows that may wait; more are refused with 503 QUEUE_FULL.'),
    maxRequestRows: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Rows that one request may bring; more are refused with 400 BATCH_TOO_LARGE. Default and upper limit: queue.maxRows.',
      ),
    maxBytes: z
      .int()
      .min(1)
      .default(256 * 1024 * 1024)
      .describe('Bytes of inputs that may wait; more are refused with 503 QUEUE_FULL.'),
  })
  .prefault({});
export type QueueSettings = z.output<typeof QueueSettings>;
