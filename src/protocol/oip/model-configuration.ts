import { basename } from 'node:path';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { deviceParts } from '../../model/device.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import type { Datatype } from '../../tensor/datatype.ts';
import { priorityNamed } from '../../work/priority.ts';

/** Number of priority levels that differ; 1 is the most urgent. */
const PRIORITY_LEVELS = 4;

/**
 * A version as a Triton model configuration: what is really served, in the fields that its clients read. Sizes are those
 * of one row where requests are batched.
 */
export function modelConfiguration(version: VersionInService, metadata: ModelMetadata) {
  const { spec, hasBatchAxis, path } = version;
  const { settings, model } = spec;
  // Where requests are neither split nor merged, the first size belongs to the model.
  const shown = version.loaded?.rowIndependence?.kind;
  const areRows = shown === 'independent' || shown === 'declared';
  const maxBatchSize = hasBatchAxis && areRows ? path.findings.maxBatchSize : 0;
  const isOnnx = metadata.platform === 'onnxruntime_onnx';
  return {
    name: model,
    platform: metadata.platform,
    backend: isOnnx ? 'onnxruntime' : 'galley',
    runtime: '',
    version_policy: versionPolicyOf(settings),
    max_batch_size: maxBatchSize,
    input: metadata.inputs.map((input) => ({
      ...{ name: input.name, data_type: typeOf(input.datatype), format: 'FORMAT_NONE' },
      dims: dimsOf(input, maxBatchSize),
      ...{ is_shape_tensor: false, allow_ragged_batch: false, optional: false },
      is_non_linear_format_io: false,
    })),
    output: metadata.outputs.map((output) => ({
      ...{ name: output.name, data_type: typeOf(output.datatype), dims: dimsOf(output, maxBatchSize) },
      ...{ label_filename: '', is_shape_tensor: false, is_non_linear_format_io: false },
    })),
    batch_input: [],
    batch_output: [],
    ...(maxBatchSize > 1 ? { dynamic_batching: dynamicBatchingOf(settings) } : {}),
    instance_group: instanceGroupsOf(version),
    default_model_filename: basename(spec.file),
    cc_model_filenames: {},
    metric_tags: {},
    parameters: {
      [isOnnx ? 'intra_op_thread_count' : 'threads']: { string_value: String(settings.threads) },
    },
    model_warmup: [],
    model_transaction_policy: { decoupled: metadata.answersInParts === true },
    response_cache: { enable: version.cache !== undefined },
  };
}

function versionPolicyOf({ versions }: ModelSettings): object {
  if (versions === 'all') return { all: {} };
  return versions === 'latest' ? { latest: { num_versions: 1 } } : { specific: { versions } };
}

/** Times in microseconds. No preferred batch sizes are listed: they are learned. */
function dynamicBatchingOf({ batching, priority, timeoutMs, queue }: ModelSettings): object {
  return {
    preferred_batch_size: [],
    max_queue_delay_microseconds: Math.round((batching.maxWaitMs ?? 0) * 1000),
    preserve_ordering: false,
    priority_levels: PRIORITY_LEVELS,
    default_priority_level: PRIORITY_LEVELS - priorityNamed(priority),
    default_queue_policy: {
      timeout_action: 'REJECT',
      default_timeout_microseconds: Math.round(timeoutMs * 1000),
      allow_timeout_override: true,
      max_queue_size: queue.maxRows,
    },
    priority_queue_policy: {},
  };
}

function typeOf(datatype: Datatype): string {
  return `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;
}

function dimsOf({ shape }: TensorMetadata, maxBatchSize: number): readonly number[] {
  return maxBatchSize > 0 ? shape.slice(1) : shape;
}

/** A group for each kind of device, with the numbers of the devices that replicas really run on. */
function instanceGroupsOf({ spec, supervisor }: VersionInService) {
  const serving = supervisor.replicas().filter(({ state }) => state !== 'draining' && state !== 'stopped');
  const devices = serving.map(({ device, placement }) => device ?? placement.device);
  return [...new Set(devices.map((device) => device !== 'cpu'))].map((isGpu) => {
    const own = devices.filter((device) => (device !== 'cpu') === isGpu);
    const gpus = isGpu ? [...new Set(own.map((device) => deviceParts(device).index))] : [];
    return {
      ...{ name: spec.model, kind: isGpu ? 'KIND_GPU' : 'KIND_CPU', count: own.length },
      ...{ gpus, secondary_devices: [], profile: [], passive: false, host_policy: '' },
    };
  });
}
