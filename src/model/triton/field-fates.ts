/** What becomes of a field of Triton's model configuration. A field without an entry shares that of its message. */
export type Fate =
  /** The setting that takes it over, or `checked` where it only says what the model must be. */
  | { readonly honoured: string }
  /** It changes no answer: why it has no effect, and the nearest setting if there is one. */
  | { readonly ignored: string; readonly nearest?: string }
  /** Answers would differ without it: why the model is not served, and what to do. */
  | { readonly refused: string; readonly nearest: string };

const TENSOR_RT = {
  refused: 'it is for TensorRT models only',
  nearest: 'remove the field, and serve the model as ONNX',
} as const;
const GPU_MEMORY = { ignored: 'it concerns transfers to a GPU, which ONNX Runtime does itself' } as const;
const TRITON_LIBRARY = { ignored: 'it names libraries of Triton' } as const;
const METRICS = { ignored: 'metrics have fixed labels and buckets' } as const;

/** By path; `[]` and map keys are left out. */
export const FIELD_FATES: Readonly<Record<string, Fate>> = {
  name: { honoured: 'checked' },
  platform: { honoured: 'runtime' },
  backend: { honoured: 'runtime' },
  runtime: TRITON_LIBRARY,
  version_policy: { honoured: 'versions' },
  max_batch_size: { honoured: 'batchAxis' },
  input: { honoured: 'signature' },
  'input.format': { honoured: 'checked' },
  'input.is_shape_tensor': TENSOR_RT,
  'input.is_non_linear_format_io': TENSOR_RT,
  'input.allow_ragged_batch': {
    ignored: 'requests of different shapes do not share a batch',
    nearest: 'padding lets them share one',
  },
  'input.optional': {
    refused: 'a request must give every input of the model',
    nearest:
      'remove optional and let clients send a default, or remove the input if the model has a default for it',
  },
  output: { honoured: 'signature' },
  'output.label_filename': {
    ignored: 'the classification extension is not supported: clients request the output itself',
  },
  'output.is_shape_tensor': TENSOR_RT,
  'output.is_non_linear_format_io': TENSOR_RT,
  batch_input: {
    refused: 'inputs that are made of a whole batch are not supported',
    nearest: 'padding.lengthInput and padding.maskInput tell the model the lengths of its rows',
  },
  batch_output: {
    refused: 'outputs that are divided by the shape of an input are not supported',
    nearest: 'padding.outputs cuts outputs to the length of each request',
  },
  'optimization.graph': { honoured: 'onnx.graphOptimization' },
  'optimization.priority': { ignored: 'it is for TensorRT models only', nearest: 'process.nice' },
  'optimization.cuda': { ignored: 'it is for TensorRT models only' },
  'optimization.execution_accelerators': {
    ignored: 'models run on the execution provider of their device',
    nearest: 'device',
  },
  'optimization.input_pinned_memory': GPU_MEMORY,
  'optimization.output_pinned_memory': GPU_MEMORY,
  'optimization.gather_kernel_buffer_threshold': GPU_MEMORY,
  'optimization.eager_batching': {
    ignored: 'a second batch is sent to a busy replica in advance where that pays',
  },
  'dynamic_batching.preferred_batch_size': { honoured: 'batching.maxBatchSize' },
  'dynamic_batching.max_queue_delay_microseconds': { honoured: 'batching.maxWaitMs' },
  'dynamic_batching.preserve_ordering': {
    ignored: 'answers leave as soon as they are there',
    nearest: 'with replicas: 1 batches run in the order of arrival',
  },
  'dynamic_batching.priority_levels': { honoured: 'priority' },
  'dynamic_batching.default_priority_level': { honoured: 'priority' },
  'dynamic_batching.default_queue_policy': { honoured: 'queue.timeoutMs' },
  'dynamic_batching.default_queue_policy.max_queue_size': { honoured: 'queue.maxRows' },
  'dynamic_batching.default_queue_policy.allow_timeout_override': { honoured: 'timeoutMs' },
  'dynamic_batching.priority_queue_policy': {
    ignored: 'one queue holds all priorities and refuses the least urgent requests first',
    nearest: 'queue, for all priorities',
  },
  sequence_batching: {
    refused: 'a model has no state between requests',
    nearest: 'let clients send the state as an input and read it from an output',
  },
  'ensemble_scheduling.step': { honoured: 'pipeline' },
  'ensemble_scheduling.step.model_namespace': {
    refused: 'it is reserved',
    nearest: 'remove the field: a model name is unique in the server',
  },
  'ensemble_scheduling.max_inflight_responses': { ignored: 'each step has one answer' },
  'instance_group.name': { ignored: 'replicas are numbered' },
  'instance_group.kind': { honoured: 'device' },
  'instance_group.count': { honoured: 'replicas' },
  'instance_group.rate_limiter': {
    ignored: 'models are not limited by shared resources',
    nearest: 'machine and autoscaling.weight share the cores',
  },
  'instance_group.gpus': { honoured: 'device' },
  'instance_group.secondary_devices': { ignored: 'only TensorRT uses secondary devices' },
  'instance_group.profile': TENSOR_RT,
  'instance_group.passive': { honoured: 'replicas' },
  'instance_group.host_policy': { ignored: 'replicas are not bound to cores', nearest: 'threads' },
  default_model_filename: { honoured: 'the file that is served' },
  cc_model_filenames: { ignored: 'one file serves all GPUs: default_model_filename' },
  metric_tags: METRICS,
  parameters: { honoured: 'threads and onnx, for the parameters of ONNX Runtime' },
  model_warmup: { honoured: 'warmup.inputs' },
  model_operations: {
    ignored: 'libraries of custom operators are not loaded: a model that needs one does not load',
  },
  'model_transaction_policy.decoupled': { honoured: 'checked' },
  model_repository_agents: { ignored: 'the repository is read as it is' },
  'response_cache.enable': { honoured: 'cache.enabled' },
  model_metrics: METRICS,
};

/** The fate of the field at a path. */
export function fateOf(path: string): Fate | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (Object.hasOwn(FIELD_FATES, at)) return FIELD_FATES[at];
  }
  return undefined;
}

/** A field that is ignored or refused, in words. */
export function fateText(path: string, fate: Exclude<Fate, { readonly honoured: string }>): string {
  const [verb, why] = 'ignored' in fate ? ['ignored', fate.ignored] : ['not supported', fate.refused];
  const hint = 'ignored' in fate ? 'nearest setting' : 'instead';
  return `'${path}' is ${verb}: ${why}${fate.nearest === undefined ? '' : `; ${hint}: ${fate.nearest}`}`;
}
