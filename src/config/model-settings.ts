import { z } from 'zod';
import { BalancingSettings } from './balancing-settings.ts';
import { BatchingSettings } from './batching-settings.ts';
import { HealthSettings } from './health-settings.ts';
import { ImageSettings } from './image-settings.ts';
import { ObjectiveSettings } from './objective-settings.ts';
import { OutputsSettings } from './outputs-settings.ts';
import { PaddingSettings } from './padding-settings.ts';
import { PRIORITIES } from './priority-names.ts';
import { ProcessSettings } from './process-settings.ts';
import { QueueSettings } from './queue-settings.ts';
import { CacheSettings } from './reuse-settings.ts';
import { WarmupSettings } from './warmup-settings.ts';

const RUNTIMES = ['onnx', 'module'] as const;

/** The one place where a model's settings are named, bounded, defaulted and explained. */
export const ModelSettings = z
  .strictObject({
    path: z
      .string()
      .optional()
      .describe(
        'Model file, or folder of versions, when it is not in the models folder. Relative to the settings file.',
      ),
    runtime: z
      .enum(RUNTIMES)
      .optional()
      .describe('What executes the model. Default: by the file, .onnx or .js.'),
    versions: z
      .union([
        z.enum(['latest', 'all']),
        z.array(z.union([z.int().min(1), z.string().regex(/^\d{1,20}$/)])).min(1),
      ])
      .default('latest')
      .describe(
        'Which versions are served: the highest number, all, or those listed. Numbers of more than 15 digits go in quotes.',
      ),
    required: z.boolean().default(true).describe('Whether the server is ready only when this model is.'),
    device: z
      .enum(['cpu', 'cuda', 'dml', 'coreml', 'webgpu'])
      .default('cpu')
      .describe(
        'What must compute the model; a replica that would run on anything else does not become ready.',
      ),
    replicas: z.int().min(1).default(1).describe('Processes per version, each with the model loaded.'),
    threads: z.int().min(1).default(1).describe('Threads a replica computes with.'),
    batchAxis: z
      .enum(['first', 'none'])
      .optional()
      .describe(
        'first: the first axis of every input counts rows, whatever the model calls it. none: it does not, and no two requests share a batch. ' +
          'Default: first where all inputs leave their first axis open under one name.',
      ),
    objective: ObjectiveSettings.optional().describe(
      'By when answers should be there. With it no other number of batching, queue or wait needs to be set.',
    ),
    goal: z
      .enum(['latency', 'balanced', 'efficiency'])
      .default('latency')
      .describe(
        'latency: an idle replica takes what waits. efficiency: batches wait for company as long as the objective allows. ' +
          'balanced: they do so while the replicas are busy for more than 60 % of the time. The last two need an objective.',
      ),
    priority: z
      .enum(PRIORITIES)
      .default('critical')
      .describe(
        'Of requests that name none: the more urgent go first, and the less urgent are refused first.',
      ),
    singleFlight: z
      .boolean()
      .default(false)
      .describe('Requests that are equal in every byte and under way at the same time run once.'),
    cache: CacheSettings,
    padding: PaddingSettings.optional().describe(
      'How requests of different length share a batch. Without it only those of the same shape do, which is always right.',
    ),
    batching: BatchingSettings,
    queue: QueueSettings,
    balancing: BalancingSettings,
    warmup: WarmupSettings,
    health: HealthSettings,
    outputs: OutputsSettings,
    process: ProcessSettings,
    timeoutMs: z
      .number()
      .positive()
      .default(30_000)
      .describe('How long a request may take when the caller names no timeout; then it is answered 504.'),
    image: ImageSettings.optional().describe('How a picture becomes an input, for galley infer.'),
    example: z
      .string()
      .optional()
      .describe(
        'File with a request body; galley serve prints a curl line with it. Relative to the settings file.',
      ),
  })
  .refine(({ batching, queue }) => (batching.maxBatchSize ?? 1) <= queue.maxRows, {
    error: 'no more rows than queue.maxRows lets wait: a larger batch would never fill',
    path: ['batching', 'maxBatchSize'],
  })
  .refine(({ goal, objective }) => goal === 'latency' || objective !== undefined, {
    error: 'latency, or an objective beside it: without one nothing says how long a batch may wait',
    path: ['goal'],
  })
  .refine(({ goal, batching }) => goal === 'latency' || batching.maxWaitMs === undefined, {
    error:
      'latency where batching.maxWaitMs is set: with another goal the server decides how long a batch waits',
    path: ['goal'],
  });
export type ModelSettings = z.output<typeof ModelSettings>;
