import { z } from 'zod';

/** How much may wait for a replica before requests are refused. */
export const QueueSettings = z
  .strictObject({
    maxRows: z
      .int()
      .min(1)
      .default(1024)
      .describe('Rows that may wait; more are refused with 503 QUEUE_FULL.'),
    maxBytes: z
      .int()
      .min(1)
      .default(256 * 1024 * 1024)
      .describe('Bytes of inputs that may wait; more are refused with 503 QUEUE_FULL.'),
  })
  .prefault({});
export type QueueSettings = z.output<typeof QueueSettings>;
