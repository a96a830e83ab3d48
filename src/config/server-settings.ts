import { z } from 'zod';
import { ModelSettings } from './model-settings.ts';
import { AdminSettings, AlertSettings, DecisionSettings, RecorderSettings } from './operation-settings.ts';
import { TenantsSettings } from './tenant-settings.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const MEBIBYTE = 1024 * 1024;

/** How connections are kept, timed and ended. */
const HttpSettings = z
  .strictObject({
    keepAliveTimeoutMs: z.int().min(1).default(75_000).describe('How long an idle connection is kept.'),
    headersTimeoutMs: z
      .int()
      .min(1)
      .default(10_000)
      .describe('A request whose headers take longer is answered 408.'),
    bodyTimeoutMs: z
      .int()
      .min(1)
      .default(120_000)
      .describe('A request that takes longer to arrive is answered 408.'),
    minBodyBytesPerSecond: z
      .number()
      .min(0)
      .default(1_024)
      .describe('A body that brings less than this in five seconds is answered 408. 0 turns it off.'),
    maxPeerShare: z
      .number()
      .positive()
      .max(1)
      .default(0.75)
      .describe(
        'Part of maxInFlightBytes that bodies from one address, or of one tenant with a key, may take; each further one may ' +
          'take the same part of what is left. Beyond it 503.',
      ),
    maxConnections: z
      .int()
      .min(16)
      .optional()
      .describe(
        'Connections that may be open at once; near it, the one that has been idle longest ends for a new one. Default: what ' +
          'the limit of open files (ulimit -n) leaves when a quarter, at least 64 and at most 1024, is kept for replicas and files.',
      ),
    writeStallMs: z
      .int()
      .min(1)
      .default(30_000)
      .describe('A client that reads nothing of its answer for so long is cut off.'),
  })
  .refine(({ headersTimeoutMs, bodyTimeoutMs }) => headersTimeoutMs <= bodyTimeoutMs, {
    error: 'at least http.headersTimeoutMs: the headers are a part of what must arrive',
    path: ['bodyTimeoutMs'],
  })
  .prefault({});

/** What happens between SIGTERM and the end. */
const ShutdownSettings = z
  .strictObject({
    lameDuckMs: z
      .number()
      .min(0)
      .default(0)
      .describe('How long the server goes on admitting work while it already says not ready.'),
    gracePeriodMs: z
      .number()
      .min(0)
      .default(25_000)
      .describe(
        'How long admitted work may take to finish. Requests that are still arriving are not waited for.',
      ),
  })
  .prefault({});

const LogSettings = z
  .strictObject({
    level: z
      .enum(LOG_LEVELS)
      .optional()
      .describe(
        'Lines below this level are not written. Default: info; on a terminal, where progress is shown, warn.',
      ),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .default('auto')
      .describe('auto: for people on a terminal, JSON lines elsewhere.'),
  })
  .prefault({});

/** Everything that can be set, as galley.yaml holds it. */
export const ServerSettings = z.strictObject({
  name: z.string().min(1).default('galley').describe("The server's name in its metadata."),
  host: z.string().default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all.'),
  port: z.int().min(0).max(65_535).default(8000).describe('Port for everything; 0 takes any free one.'),
  repository: z
    .string()
    .optional()
    .describe('Folder of models. Relative to the settings file. Default: models beside it, if there is one.'),
  maxBodyBytes: z
    .int()
    .min(1)
    .default(64 * MEBIBYTE)
    .describe('Largest request body, counted decoded; above it 413.'),
  maxInFlightBytes: z
    .int()
    .min(1)
    .default(256 * MEBIBYTE)
    .describe(
      'Bytes of request bodies the server holds at once, as they arrive; beyond it the largest one on its way is ended with 503.',
    ),
  readyWhen: z
    .enum(['all', 'any'])
    .default('all')
    .describe('Ready when all required models have a ready replica, or when any has.'),
  http: HttpSettings,
  shutdown: ShutdownSettings,
  log: LogSettings,
  admin: AdminSettings,
  alerts: AlertSettings,
  decisions: DecisionSettings,
  recorder: RecorderSettings,
  tenants: TenantsSettings.describe(
    'Who may ask for how much, by name. A request names its tenant by API key, or in x-galley-tenant.',
  ),
  defaults: ModelSettings.optional().describe('Settings for every model, in the form of one under models.'),
  models: z
    .record(z.string().min(1), ModelSettings)
    .default({})
    .describe('Settings by model name; they win over the model.yaml beside the model.'),
});
export type ServerSettings = z.output<typeof ServerSettings>;
/** The same as they are written: what has a default may be left out. */
export type WrittenSettings = z.input<typeof ServerSettings>;
