import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;

/** Where alerts go. They are always in the log and in the metrics. */
export const AlertSettings = z
  .strictObject({
    webhook: z
      .url()
      .optional()
      .describe("URL that gets alerts as JSON in the form of Alertmanager's webhooks, resolved ones too."),
    holdMs: z
      .number()
      .min(0)
      .default(300_000)
      .describe('An alert has ended when it was not seen for so long; until then it is not sent again.'),
    everyMs: z.number().min(10).default(1_000).describe('How often the rules are looked at.'),
    noReplicaAfterMs: z
      .number()
      .min(0)
      .default(30_000)
      .describe('A model without a ready replica for so long pages.'),
    panicAfterMs: z
      .number()
      .min(0)
      .default(60_000)
      .describe('More than half of the replicas out for so long pages.'),
    degradedAfterMs: z
      .number()
      .min(0)
      .default(600_000)
      .describe('A replica that is second choice for so long is told of.'),
  })
  .prefault({});
export type AlertSettings = z.output<typeof AlertSettings>;

/** What is kept of decisions. */
export const DecisionSettings = z
  .strictObject({
    capacity: z.int().min(16).default(4096).describe('Decisions kept in memory for GET /admin/decisions.'),
    file: z
      .string()
      .optional()
      .describe('File that gets every decision but batches as a JSON line. Relative to the settings file.'),
    maxFileBytes: z
      .int()
      .min(1024)
      .default(16 * MEBIBYTE)
      .describe('A file that has grown so large is renamed to file.1, and file.1 to file.2.'),
    files: z.int().min(1).default(3).describe('How many files are kept.'),
  })
  .prefault({});
export type DecisionSettings = z.output<typeof DecisionSettings>;

/** The flight recorder: what came in lately, to be replayed. */
export const RecorderSettings = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Keeps every input of the deciding parts in a ring in memory.'),
    maxBytes: z
      .int()
      .min(64 * 1024)
      .default(32 * MEBIBYTE)
      .describe('Size of that ring; a request takes about 60 bytes.'),
    directory: z
      .string()
      .optional()
      .describe(
        'Folder for recordings written on SIGUSR2 and when an alert pages. Default: the folder of the settings file.',
      ),
  })
  .prefault({});
export type RecorderSettings = z.output<typeof RecorderSettings>;

/** Who may call the admin API. */
export const AdminSettings = z
  .strictObject({
    tokenFile: z
      .string()
      .optional()
      .describe(
        'File with a token that every call of the admin API must bear, from this machine too. Without one only calls from this ' +
          'machine that came through no proxy are let in. ' +
          'GALLEY_ADMIN_TOKEN does the same. Relative to the settings file.',
      ),
  })
  .prefault({});
