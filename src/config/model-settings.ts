import * as z from 'zod';
import { AutoscalingSettings } from './autoscaling-settings.ts';
import { BalancingSettings } from './balancing-settings.ts';
import { BatchingSettings } from './batching-settings.ts';
import { CpuFallback, DeviceSetting } from './device-settings.ts';
import { flag, positive, text, whole } from './fields.ts';
import { HealthSettings } from './health-settings.ts';
import { ImageSettings } from './image-settings.ts';
import { ObjectiveSettings } from './objective-settings.ts';
import { OnnxSettings } from './onnx-settings.ts';
import { OutputsSettings } from './outputs-settings.ts';
import { PaddingSettings } from './padding-settings.ts';
import { PipelineSettings } from './pipeline-settings.ts';
import { PRIORITIES } from './priority-names.ts';
import { ProcessSettings } from './process-settings.ts';
import { QueueSettings } from './queue-settings.ts';
import { CacheSettings } from './reuse-settings.ts';
import { LabelsSetting, RolloutSettings, VersionsSetting } from './rollout-settings.ts';
import { SignatureSettings } from './signature-settings.ts';
import { TransformersSettings } from './transformers-settings.ts';
import { WarmupSettings } from './warmup-settings.ts';

const RUNTIMES = ['onnx', 'module', 'transformers'] as const;

/** All settings of a model: names, bounds, defaults and descriptions. */
export const ModelSettings = z
  .strictObject({
    path: text().describe(
      'Model file or folder of versions outside the models folder, relative to the settings file.',
    ),
    runtime: z
      .enum(RUNTIMES)
      .optional()
      .describe(
        'Runtime that executes the model. transformers needs the package @huggingface/transformers. ' +
          'Default: onnx for a .onnx file, module for a .js file, transformers for a folder with config.json and tokenizer.json.',
      ),
    transformers: TransformersSettings.optional().describe(
      'How the runtime transformers serves the model. Without it, the defaults apply.',
    ),
    pipeline: PipelineSettings.optional().describe(
      'Models in a row instead of a model file: the version calls them and has no process of its own.',
    ),
    versions: VersionsSetting,
    labels: LabelsSetting,
    rollout: RolloutSettings,
    required: flag(true).describe('Whether the server is ready only when this model is ready.'),
    device: DeviceSetting,
    cpuFallback: CpuFallback,
    deviceMemoryBytes: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Memory that a replica takes of its device, at most. The server does not start where the sum over a device exceeds its memory. ' +
          'ONNX Runtime is not held to it: onnxruntime-node cannot limit the memory of a device.',
      ),
    replicas: whole(1).describe('Replicas per version. Each is a process with its own copy of the model.'),
    evictable: flag(false).describe(
      'Whether the model may be unloaded when the replicas of all models hold more memory than machine.reserveBytes leaves. The next request loads it again and waits meanwhile, within queue.maxRows and its timeout.',
    ),
    autoscaling: AutoscalingSettings.optional().describe(
      'Bounds between which the number of replicas follows the traffic. Without it the number is fixed: replicas.',
    ),
    threads: z
      .union([z.int().min(1), z.literal('auto')])
      .default(1)
      .describe(
        'Compute threads per replica. auto: the server starts with 1, measures the model with 1, 2, 4 … threads once it is ready, and replaces its replicas one by one if another count brings more per core within half of the objective.',
      ),
    batchAxis: z
      .enum(['first', 'none'])
      .optional()
      .describe(
        'Which axis counts rows. first: the first axis of every input, whatever its name. none: no axis, and requests never share a batch. ' +
          'Default: first if all inputs have a dynamic first axis of the same name, else none.',
      ),
    objective: ObjectiveSettings.optional().describe(
      'Latency objective. With it, the sizes and waiting times of batches and the limits of the queue need no settings.',
    ),
    goal: z
      .enum(['latency', 'balanced', 'efficiency'])
      .default('latency')
      .describe(
        'When a batch leaves. latency: as soon as a replica is idle. efficiency: batches wait for further requests as long as the objective allows. ' +
          'balanced: like efficiency while replicas are busy more than 60 % of the time, else like latency. efficiency and balanced need an objective.',
      ),
    priority: z
      .enum(PRIORITIES)
      .default('critical')
      .describe(
        'Priority of requests that name none. More urgent requests run first; less urgent requests are refused first.',
      ),
    signature: SignatureSettings.optional().describe(
      'Inputs and outputs that the model must have; a model that differs does not load. Without it, those of the model are served.',
    ),
    singleFlight: flag(false).describe(
      'Whether concurrent requests with the same bytes run once and share the answer.',
    ),
    cache: CacheSettings,
    padding: PaddingSettings.optional().describe(
      'How requests of different lengths share a batch. Without it, only requests of the same shape share a batch, which is always correct.',
    ),
    batching: BatchingSettings,
    queue: QueueSettings,
    balancing: BalancingSettings,
    warmup: WarmupSettings,
    health: HealthSettings,
    onnx: OnnxSettings,
    outputs: OutputsSettings,
    process: ProcessSettings,
    timeoutMs: positive(30_000).describe('Timeout of requests that name none; then 504.'),
    image: ImageSettings.optional().describe('How galley infer converts a picture to an input.'),
    example: text().describe(
      'File with a request body, relative to the settings file. galley serve prints a curl command that sends it.',
    ),
  })
  .refine(({ pipeline, path, runtime }) => pipeline === undefined || (path ?? runtime) === undefined, {
    error: 'either a pipeline, or a model file with path and runtime: remove one of them',
    path: ['pipeline'],
  })
  .refine(({ replicas, autoscaling }) => autoscaling === undefined || replicas === 1, {
    error: 'either replicas, a fixed number, or autoscaling: remove one of them',
    path: ['replicas'],
  })
  .refine(({ evictable, autoscaling }) => autoscaling === undefined || !evictable, {
    error: 'false with autoscaling: set autoscaling.minReplicas: 0 to let go of replicas that are not used',
    path: ['evictable'],
  })
  .refine(({ batching, queue }) => (batching.maxBatchSize ?? 1) <= queue.maxRows, {
    error: 'at most queue.maxRows: a larger batch never fills',
    path: ['batching', 'maxBatchSize'],
  })
  .refine(({ goal, objective }) => goal === 'latency' || objective !== undefined, {
    error:
      'latency, or an objective in addition: without an objective there is no limit for how long a batch waits',
    path: ['goal'],
  })
  .refine(({ goal, batching }) => goal === 'latency' || batching.maxWaitMs === undefined, {
    error:
      'latency, because batching.maxWaitMs is set: with another goal the server determines how long a batch waits',
    path: ['goal'],
  });
export type ModelSettings = z.output<typeof ModelSettings>;

/** The threads of a replica at the start. */
export function firstThreads({ threads }: Pick<ModelSettings, 'threads'>): number {
  return threads === 'auto' ? 1 : threads;
}
