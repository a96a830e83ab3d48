import * as z from 'zod';
import { MachineDevices } from './device-settings.ts';
import { flag, notNegative, section, share, text, whole } from './fields.ts';
import { ModelSettings } from './model-settings.ts';
import { AdminSettings, AlertSettings, DecisionSettings, RecorderSettings } from './operation-settings.ts';
import { RoutesSettings } from './route-settings.ts';
import { TenantsSettings } from './tenant-settings.ts';
import { WatchSettings } from './watch-settings.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const MEBIBYTE = 1024 * 1024;

/** Limits and timeouts of connections. */
const HttpSettings = z
  .strictObject({
    keepAliveTimeoutMs: whole(75_000).describe('Time after which an idle connection is closed.'),
    headersTimeoutMs: whole(10_000).describe(
      'Longest time for the headers of a request to arrive; then 408.',
    ),
    bodyTimeoutMs: whole(120_000).describe('Longest time for a whole request to arrive; then 408.'),
    minBodyBytesPerSecond: notNegative(1_024).describe(
      'Lowest rate at which a request body must arrive, averaged over five seconds; below it 408. 0 turns the check off.',
    ),
    maxPeerShare: share(0.75).describe(
      'Fraction of maxInFlightBytes that the request bodies of one address, or of one tenant with an API key, may take. ' +
        'Each further address or tenant may take the same fraction of the remainder. Beyond it 503.',
    ),
    maxConnections: z
      .int()
      .min(16)
      .optional()
      .describe(
        'Largest number of open connections. Near the limit, the longest idle connection is closed to accept a new one. Default: the limit ' +
          'of open files (ulimit -n) minus a quarter of it, at least 64 and at most 1024, that is reserved for replicas and files.',
      ),
    fastLane: flag(true).describe(
      'Read plain inference requests with a smaller and faster HTTP reader; everything else goes to that of Node.js. ' +
        'false uses the reader of Node.js alone.',
    ),
    writeStallMs: whole(30_000).describe(
      'Time without progress after which the connection of a client that does not read its answer is closed.',
    ),
  })
  .refine(({ headersTimeoutMs, bodyTimeoutMs }) => headersTimeoutMs <= bodyTimeoutMs, {
    error: 'at least http.headersTimeoutMs: the headers are part of the request',
    path: ['bodyTimeoutMs'],
  })
  .prefault({});

/** The phases between SIGTERM and exit. */
const ShutdownSettings = section({
  lameDuckMs: notNegative(0).describe(
    'Time after SIGTERM in which the server reports not ready but still admits requests.',
  ),
  gracePeriodMs: notNegative(25_000).describe(
    'Longest time for admitted requests to finish after that. The server does not wait for requests that are still arriving.',
  ),
});

const LogSettings = section({
  level: z
    .enum(LOG_LEVELS)
    .optional()
    .describe(
      'Lowest level of log lines that are written. Default: info; on a terminal that shows progress, warn.',
    ),
  format: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .describe('Format of log lines. auto: pretty on a terminal, json elsewhere.'),
});

/** What the replicas of all models may use together. */
const MachineSettings = section({
  reserveCores: notNegative(0)
    .optional()
    .describe(
      'Cores that autoscaling leaves to the gateway and the system. Default: 1, or 0 where there are fewer than 4.',
    ),
  overcommit: z
    .number()
    .min(1)
    .max(2)
    .default(1)
    .describe('Threads of replicas per core, up to which autoscaling adds replicas.'),
  standbyProcesses: z
    .int()
    .min(0)
    .max(8)
    .default(1)
    .describe(
      'With autoscaling: processes that wait without a model, so that a new replica has only to load it. Each takes about 60 MiB.',
    ),
  reserveBytes: notNegative(512 * MEBIBYTE).describe(
    'Memory that autoscaling leaves free, in bytes, of the limit of the container or of the machine.',
  ),
  devices: MachineDevices,
});

/** All settings, as in galley.yaml. */
export const ServerSettings = z.strictObject({
  name: z.string().min(1).default('galley').describe('Name of the server in its metadata.'),
  host: z.string().default('127.0.0.1').describe('Address to listen on. 0.0.0.0: all IPv4 addresses.'),
  port: z.int().min(0).max(65_535).default(8000).describe('Port for all endpoints. 0: any free port.'),
  repository: text().describe(
    'Folder of models, relative to the settings file. Default: the folder models beside the settings file, if it exists.',
  ),
  watch: WatchSettings,
  requireLock: flag(false).describe(
    'Whether the server refuses to start without galley.lock, the file with the SHA-256 of the files of all models. ' +
      'Where the file exists, models are always compared with it.',
  ),
  maxBodyBytes: whole(64 * MEBIBYTE).describe('Largest request body after decompression; above it 413.'),
  maxInFlightBytes: whole(256 * MEBIBYTE).describe(
    'Largest number of bytes of request bodies in memory, counted as they arrive. Beyond it, the largest arriving body is refused with 503.',
  ),
  maxLoadingReplicas: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Largest number of replicas of all models that start and load at the same time; the others wait, the models in turn. ' +
        'Default: the number of available cores, at least 2, so that one model that hangs does not hold up the others.',
    ),
  machine: MachineSettings,
  readyWhen: z
    .enum(['all', 'any'])
    .default('all')
    .describe(
      'When the server is ready. all: every required model has a ready replica. any: at least one has.',
    ),
  http: HttpSettings,
  shutdown: ShutdownSettings,
  log: LogSettings,
  admin: AdminSettings,
  alerts: AlertSettings,
  decisions: DecisionSettings,
  recorder: RecorderSettings,
  tenants: TenantsSettings.describe(
    'Quotas and shares of callers, by tenant name. A request names its tenant by an API key or by the header x-galley-tenant.',
  ),
  defaults: ModelSettings.optional().describe('Settings for all models, in the form of an entry of models.'),
  models: z
    .record(z.string().min(1), ModelSettings)
    .default({})
    .describe('Settings by model name; they override the model.yaml beside the model.'),
  routeStateFile: text().describe(
    'File that keeps the state of canaries and experiments over restarts, relative to the settings file. Default: galley-routes.db, where a route has any.',
  ),
  routes: RoutesSettings.describe(
    'Public names with rules that lead to models, by name. Clients call a route like a model. In a name, * stands for any characters.',
  ),
});
export type ServerSettings = z.output<typeof ServerSettings>;
/** The same before validation: settings with a default may be missing. */
export type WrittenSettings = z.input<typeof ServerSettings>;
