import { choice, enumeration, many, map, message } from './schema.ts';

const DATA_TYPE = enumeration(
  'TYPE_',
  'INVALID BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 STRING BF16',
);
const RESHAPE = message({ shape: many('int64') });

const INPUT = message({
  name: 'string',
  data_type: DATA_TYPE,
  format: enumeration('FORMAT_', 'NONE NHWC NCHW'),
  dims: many('int64'),
  reshape: RESHAPE,
  is_shape_tensor: 'bool',
  allow_ragged_batch: 'bool',
  optional: 'bool',
  is_non_linear_format_io: 'bool',
});

const OUTPUT = message({
  name: 'string',
  data_type: DATA_TYPE,
  dims: many('int64'),
  reshape: RESHAPE,
  label_filename: 'string',
  is_shape_tensor: 'bool',
  is_non_linear_format_io: 'bool',
});

const BATCH_INPUT = message({
  kind: enumeration(
    'BATCH_',
    'ELEMENT_COUNT ACCUMULATED_ELEMENT_COUNT ACCUMULATED_ELEMENT_COUNT_WITH_ZERO MAX_ELEMENT_COUNT_AS_SHAPE ITEM_SHAPE ITEM_SHAPE_FLATTEN',
  ),
  target_name: many('string'),
  data_type: DATA_TYPE,
  source_input: many('string'),
});

const BATCH_OUTPUT = message({
  target_name: many('string'),
  kind: enumeration('BATCH_', 'SCATTER_WITH_INPUT_SHAPE'),
  source_input: many('string'),
});

const VERSION_POLICY = message({
  latest: choice('policy_choice', message({ num_versions: 'uint32' })),
  all: choice('policy_choice', message({})),
  specific: choice('policy_choice', message({ versions: many('int64') })),
});

const INSTANCE_GROUP = message({
  name: 'string',
  kind: enumeration('KIND_', 'AUTO GPU CPU MODEL'),
  count: 'int32',
  rate_limiter: message({
    resources: many(message({ name: 'string', global: 'bool', count: 'uint32' })),
    priority: 'uint32',
  }),
  gpus: many('int32'),
  secondary_devices: many(message({ kind: enumeration('KIND_', 'NVDLA'), device_id: 'int64' })),
  profile: many('string'),
  passive: 'bool',
  host_policy: 'string',
});

const SHAPES = map('string', message({ dim: many('int64') }));
const ACCELERATOR = many(message({ name: 'string', parameters: map('string', 'string') }));
const PINNED_MEMORY = message({ enable: 'bool' });

const OPTIMIZATION = message({
  graph: message({ level: 'int32' }),
  priority: enumeration('PRIORITY_', 'DEFAULT MAX MIN'),
  cuda: message({
    graphs: 'bool',
    busy_wait_events: 'bool',
    graph_spec: many(
      message({
        batch_size: 'int32',
        input: SHAPES,
        graph_lower_bound: message({ batch_size: 'int32', input: SHAPES }),
      }),
    ),
    output_copy_stream: 'bool',
  }),
  execution_accelerators: message({
    gpu_execution_accelerator: ACCELERATOR,
    cpu_execution_accelerator: ACCELERATOR,
  }),
  input_pinned_memory: PINNED_MEMORY,
  output_pinned_memory: PINNED_MEMORY,
  gather_kernel_buffer_threshold: 'uint32',
  eager_batching: 'bool',
});

const QUEUE_POLICY = message({
  timeout_action: enumeration('', 'REJECT DELAY'),
  default_timeout_microseconds: 'uint64',
  allow_timeout_override: 'bool',
  max_queue_size: 'uint32',
});

const DYNAMIC_BATCHING = message({
  preferred_batch_size: many('int32'),
  max_queue_delay_microseconds: 'uint64',
  preserve_ordering: 'bool',
  priority_levels: 'uint64',
  default_priority_level: 'uint64',
  default_queue_policy: QUEUE_POLICY,
  priority_queue_policy: map('uint64', QUEUE_POLICY),
});

const SEQUENCE_BATCHING = message({
  direct: choice(
    'strategy_choice',
    message({ max_queue_delay_microseconds: 'uint64', minimum_slot_utilization: 'float' }),
  ),
  oldest: choice(
    'strategy_choice',
    message({
      max_candidate_sequences: 'int32',
      preferred_batch_size: many('int32'),
      max_queue_delay_microseconds: 'uint64',
      preserve_ordering: 'bool',
    }),
  ),
  max_sequence_idle_microseconds: 'uint64',
  control_input: many(
    message({
      name: 'string',
      control: many(
        message({
          kind: enumeration('CONTROL_SEQUENCE_', 'START READY END CORRID'),
          int32_false_true: many('int32'),
          fp32_false_true: many('float'),
          bool_false_true: many('bool'),
          data_type: DATA_TYPE,
        }),
      ),
    }),
  ),
  state: many(
    message({
      input_name: 'string',
      output_name: 'string',
      data_type: DATA_TYPE,
      dims: many('int64'),
      initial_state: many(
        message({
          data_type: DATA_TYPE,
          dims: many('int64'),
          zero_data: choice('state_data', 'bool'),
          data_file: choice('state_data', 'string'),
          name: 'string',
        }),
      ),
      use_same_buffer_for_input_output: 'bool',
      use_growable_memory: 'bool',
    }),
  ),
  iterative_sequence: 'bool',
});

const ENSEMBLE_SCHEDULING = message({
  step: many(
    message({
      model_name: 'string',
      model_version: 'int64',
      input_map: map('string', 'string'),
      output_map: map('string', 'string'),
      model_namespace: 'string',
    }),
  ),
  max_inflight_responses: 'uint32',
});

const WARMUP = message({
  name: 'string',
  batch_size: 'uint32',
  inputs: map(
    'string',
    message({
      data_type: DATA_TYPE,
      dims: many('int64'),
      zero_data: choice('input_data_type', 'bool'),
      random_data: choice('input_data_type', 'bool'),
      input_data_file: choice('input_data_type', 'string'),
    }),
  ),
  count: 'uint32',
});

const METRICS = message({
  metric_control: many(
    message({
      metric_identifier: message({ family: 'string' }),
      histogram_options: choice('metric_options', message({ buckets: many('double') })),
    }),
  ),
});

/** The model configuration of Triton. */
export const MODEL_CONFIG = message({
  name: 'string',
  platform: 'string',
  backend: 'string',
  runtime: 'string',
  version_policy: VERSION_POLICY,
  max_batch_size: 'int32',
  input: many(INPUT),
  output: many(OUTPUT),
  batch_input: many(BATCH_INPUT),
  batch_output: many(BATCH_OUTPUT),
  optimization: OPTIMIZATION,
  dynamic_batching: choice('scheduling_choice', DYNAMIC_BATCHING),
  sequence_batching: choice('scheduling_choice', SEQUENCE_BATCHING),
  ensemble_scheduling: choice('scheduling_choice', ENSEMBLE_SCHEDULING),
  instance_group: many(INSTANCE_GROUP),
  default_model_filename: 'string',
  cc_model_filenames: map('string', 'string'),
  metric_tags: map('string', 'string'),
  parameters: map('string', message({ string_value: 'string' })),
  model_warmup: many(WARMUP),
  model_operations: message({ op_library_filename: many('string') }),
  model_transaction_policy: message({ decoupled: 'bool' }),
  model_repository_agents: message({
    agents: many(message({ name: 'string', parameters: map('string', 'string') })),
  }),
  response_cache: message({ enable: 'bool' }),
  model_metrics: METRICS,
});
