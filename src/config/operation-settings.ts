import * as z from 'zod';
import { flag, notNegative, period, section, text, whole } from './fields.ts';

const MEBIBYTE = 1024 * 1024;

/** When alerts fire and where they are sent. The log and the metrics always contain them. */
export const AlertSettings = section({
  webhook: z
    .url()
    .optional()
    .describe(
      'URL to which firing and resolved alerts are posted, as JSON in the format of Alertmanager webhooks.',
    ),
  holdMs: notNegative(300_000).describe(
    'An alert is resolved when its condition has not occurred for this long. Until then it is not sent again.',
  ),
  everyMs: period(1_000).describe('Interval at which the alert rules are evaluated.'),
  noReplicaAfterMs: notNegative(30_000).describe(
    'Time without a ready replica of a model after which the alert NoReadyReplica pages.',
  ),
  panicAfterMs: notNegative(60_000).describe(
    'Time with more than half of the replicas out after which the alert Panic pages.',
  ),
  degradedAfterMs: notNegative(600_000).describe(
    'Time after which a degraded replica raises the alert ReplicaDegraded.',
  ),
});
export type AlertSettings = z.output<typeof AlertSettings>;

/** How decisions are stored. */
export const DecisionSettings = section({
  capacity: z
    .int()
    .min(16)
    .default(4096)
    .describe('Number of decisions kept in memory for GET /admin/decisions.'),
  file: text().describe(
    'File to which every decision except batches is appended as a JSON line, relative to the settings file.',
  ),
  maxFileBytes: z
    .int()
    .min(1024)
    .default(16 * MEBIBYTE)
    .describe('Size at which the file is rotated: it is renamed to file.1, and file.1 to file.2.'),
  files: whole(3).describe('Number of files that are kept.'),
});
export type DecisionSettings = z.output<typeof DecisionSettings>;

/** The flight recorder, which keeps recent inputs of the core for replay. */
export const RecorderSettings = section({
  enabled: flag(true).describe(
    'Whether all inputs of the decisions are kept in a ring buffer in memory, for galley replay.',
  ),
  maxBytes: z
    .int()
    .min(64 * 1024)
    .default(32 * MEBIBYTE)
    .describe('Size of the ring buffer; a request takes about 60 bytes.'),
  directory: text().describe(
    'Folder for the recordings that are written on SIGUSR2 and when an alert pages. Default: the folder of the settings file.',
  ),
});
export type RecorderSettings = z.output<typeof RecorderSettings>;

/** Who may call the admin API. */
export const AdminSettings = section({
  tokenFile: text().describe(
    'File with a token, relative to the settings file. Every call of the admin API must then carry the token, also calls from ' +
      'this machine. Without a token, only calls from this machine that did not pass a proxy are accepted. ' +
      'The environment variable GALLEY_ADMIN_TOKEN can hold the token instead.',
  ),
});
