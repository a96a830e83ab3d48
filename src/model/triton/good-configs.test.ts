import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelSettings } from '../../config/model-settings.ts';
import { readTritonConfig } from './translate.ts';

const X = 'input { name: "x" data_type: TYPE_FP32 dims: 4 }';
const Y = 'output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] }';
const SIGNATURE = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [2] }],
};
const BATCHED = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
};
const ALONE = { signature: SIGNATURE, batchAxis: 'none' };
const IN_ROWS = { signature: BATCHED, batchAxis: 'first', queue: { maxRequestRows: 8 } };
const MERGED = { ...IN_ROWS, batching: { rows: 'independent', maxBatchSize: 8, maxWaitMs: 0 } };
const batched = (more: string) => `max_batch_size: 8 ${X} ${Y} ${more}`;

/** A configuration, the settings, and the lines of its notes. */
type Good = readonly [what: string, text: string, settings: object, notes?: readonly number[]];

const GOOD: readonly Good[] = [
  ['nothing: everything is found out from the model', '', {}],
  ['only comments', '# nothing\n\n# here', {}],
  ['name, platform and backend', 'name: "m" platform: "onnxruntime_onnx" backend: "onnxruntime"', {}],
  ['a module of ours', 'backend: "galley" platform: "galley_module"', {}],
  ['no batch axis', `max_batch_size: 0 ${X} ${Y}`, ALONE],
  [
    'a batch axis without a scheduler: requests run alone',
    batched(''),
    { ...IN_ROWS, batching: { rows: 'dependent' } },
  ],
  [
    'only inputs: outputs and scheduler are found out',
    `max_batch_size: 8 ${X}`,
    { ...IN_ROWS, batching: { maxBatchSize: 8 }, signature: { inputs: BATCHED.inputs } },
  ],
  [
    'only a batch size',
    'max_batch_size: 1',
    { batchAxis: 'first', queue: { maxRequestRows: 1 }, batching: { rows: 'dependent' } },
  ],
  ['the default batcher', batched('dynamic_batching { }'), MERGED],
  [
    'a delay and one preferred size',
    batched('dynamic_batching { preferred_batch_size: [ 6 ] max_queue_delay_microseconds: 1500 }'),
    { ...IN_ROWS, batching: { rows: 'independent', maxBatchSize: 6, maxWaitMs: 1.5 } },
  ],
  [
    'several preferred sizes, of which the largest counts',
    batched('\ndynamic_batching <preferred_batch_size: 2, preferred_batch_size: 4;>'),
    { ...IN_ROWS, batching: { rows: 'independent', maxBatchSize: 4, maxWaitMs: 0 } },
    [2],
  ],
  [
    'a batcher for a model whose batch size is found out',
    'dynamic_batching { max_queue_delay_microseconds: 100 }',
    { batching: { maxWaitMs: 0.1 } },
  ],
  ['a batcher without a batch axis', `${X} ${Y}\ndynamic_batching {}`, ALONE, [2]],
  [
    'more rows than the queue usually has',
    `max_batch_size: 4096 ${X} ${Y}`,
    {
      ...{ signature: BATCHED, batchAxis: 'first' },
      queue: { maxRequestRows: 4096, maxRows: 4096 },
      batching: { rows: 'dependent' },
    },
  ],
  [
    'priorities',
    batched('dynamic_batching { priority_levels: 4 default_priority_level: 3 }'),
    { ...MERGED, priority: 'sheddable-plus' },
  ],
  [
    'more priorities than there are, up to the largest number',
    batched(
      '\ndynamic_batching { priority_levels: 18446744073709551615 default_priority_level: 18446744073709551615 }',
    ),
    { ...MERGED, priority: 'sheddable' },
    [2],
  ],
  [
    'a queue policy',
    batched(
      '\ndynamic_batching { default_queue_policy {\n default_timeout_microseconds: 2500000\n allow_timeout_override: true\n max_queue_size: 64 } }',
    ),
    { ...MERGED, queue: { maxRequestRows: 8, maxRows: 64, timeoutMs: 2500 } },
    [5],
  ],
  [
    'a queue smaller than a batch',
    batched('dynamic_batching { default_queue_policy { max_queue_size: 2 } }'),
    { ...MERGED, queue: { maxRequestRows: 8, maxRows: 8 } },
    [1],
  ],
  [
    'requests that are delayed instead of refused',
    batched(
      '\ndynamic_batching {\n default_queue_policy {\n timeout_action: DELAY default_timeout_microseconds: 0x64 } }',
    ),
    MERGED,
    [4],
  ],
  [
    'timeouts that requests may not set, an order, and policies by priority',
    batched(
      '\ndynamic_batching { preserve_ordering: true\n priority_levels: 1 default_priority_level: 1\n default_queue_policy { allow_timeout_override: false }\n priority_queue_policy { key: 1 value { max_queue_size: 4 } } }',
    ),
    { ...MERGED, priority: 'critical-plus' },
    [2, 4, 5],
  ],
  ['the latest version', 'version_policy: { latest { num_versions: 1 } }', { versions: 'latest' }],
  ['the latest versions', 'version_policy { latest: { num_versions: 3 } }', { versions: { latest: 3 } }],
  ['all versions', 'version_policy: { all {} }', { versions: 'all' }],
  [
    'certain versions',
    'version_policy: { specific { versions: [1, 3] versions: 9007199254740993 } }',
    { versions: [1, 3, '9007199254740993'] },
  ],
  [
    'two instances on the CPU',
    'instance_group [ { count: 2 kind: KIND_CPU } ]',
    { replicas: 2, device: 'cpu' },
  ],
  [
    'groups add up; the default count is 1',
    'instance_group { kind: KIND_CPU } instance_group { kind: 2 count: 3 }',
    { replicas: 4, device: 'cpu' },
  ],
  [
    'passive groups, names, limits and policies',
    'instance_group [\n{ name: "a" kind: KIND_CPU\n rate_limiter { resources [ { name: "R" global: true count: 2 } ] priority: 2 } },\n{ kind: KIND_CPU count: 5 passive: true },\n{ kind: KIND_CPU host_policy: "p"\n secondary_devices { kind: KIND_NVDLA device_id: 1 } } ]',
    { replicas: 2, device: 'cpu' },
    [2, 3, 4, 5, 6],
  ],
  ['a GPU, or the CPU where there is none', 'instance_group {\n gpus: [ 0, 1 ] }', { replicas: 1 }, [2]],
  ['the kind of the model', 'instance_group {\n kind: KIND_MODEL count: 2 }', { replicas: 2 }, [2]],
  ['a GPU', 'instance_group { count: 2\n kind: KIND_GPU }', { replicas: 2, device: 'cuda' }, [2]],
  [
    'two GPUs',
    'instance_group { count: 2\n kind: KIND_GPU\n gpus: [ 0, 1 ] }',
    { replicas: 4, device: 'cuda' },
    [2, 3],
  ],
  ['the response cache', 'response_cache { enable: true }', { cache: { enabled: true } }],
  ['no response cache', 'response_cache { enable: false }', {}],
  [
    'parameters of ONNX Runtime',
    'parameters { key: "intra_op_thread_count" value: { string_value: "2" } }\nparameters [ { key: "enable_mem_arena"; value: { string_value: "0" } }, { key: "enable_mem_pattern" value { string_value: "TRUE" } } ]',
    { threads: 2, onnx: { memoryArena: false, memoryPattern: true } },
  ],
  [
    'parameters that have no effect',
    'parameters { key: "inter_op_thread_count" value { string_value: "4" } }\nparameters { key: "execution_mode" value { string_value: "1" } }\nparameters { key: "intra_op_thread_count" value { string_value: "0" } }\nparameters { key: "memory.enable_memory_arena_shrinkage" value { string_value: "cpu:0" } }\nparameters { key: "mine" value {} }',
    {},
    [1, 2, 3, 4, 5],
  ],
  ['basic optimization', 'optimization { graph { level: -1 } }', { onnx: { graphOptimization: 'basic' } }],
  [
    'extended optimization',
    'optimization { graph : { level : 1 } }',
    { onnx: { graphOptimization: 'extended' } },
  ],
  ['no optimization', 'optimization { graph { level: 2 } }', { onnx: { graphOptimization: 'disabled' } }],
  [
    'everything else of the optimization',
    'optimization { graph { level: 7 }\n priority: PRIORITY_MAX\n cuda { graphs: true graph_spec { batch_size: 1 input { key: "x" value { dim: [4] } } graph_lower_bound { batch_size: 1 } } }\n execution_accelerators { gpu_execution_accelerator [ { name: "tensorrt" parameters { key: "precision_mode" value: "FP16" } } ] cpu_execution_accelerator { name: "openvino" } }\n input_pinned_memory { enable: true }\n output_pinned_memory { enable: false }\n gather_kernel_buffer_threshold: 4\n eager_batching: true }',
    {},
    [1, 2, 3, 4, 5, 6, 7, 8],
  ],
  [
    'reshape: scalars, sizes and open sizes',
    'max_batch_size: 2\ninput [ { name: "a" data_type: TYPE_INT64 dims: [ 1 ] reshape { shape: [ ] } },\n { name: "b" data_type: TYPE_STRING dims: [ -1, 4 ] reshape { shape: [ -1, 2, 2 ] } } ]\noutput { name: "y" data_type: TYPE_BOOL dims: [ 2, 3 ] reshape: { shape: [ 6 ] } }',
    {
      ...{ batchAxis: 'first', queue: { maxRequestRows: 2 }, batching: { rows: 'dependent' } },
      signature: {
        inputs: [
          { name: 'a', datatype: 'INT64', shape: [-1, 1], modelShape: [-1] },
          { name: 'b', datatype: 'BYTES', shape: [-1, -1, 4], modelShape: [-1, -1, 2, 2] },
        ],
        outputs: [{ name: 'y', datatype: 'BOOL', shape: [-1, 2, 3], modelShape: [-1, 6] }],
      },
    },
  ],
  [
    'formats, labels, ragged batches and defaults that are written out',
    'input { name: "x" data_type: 11 dims: [ 3, 8, 8 ] format: FORMAT_NCHW optional: false is_shape_tensor: false\n allow_ragged_batch: true }\noutput { name: "y" data_type: TYPE_FP16 dims: -1\n label_filename: "labels.txt" }',
    {
      batchAxis: 'none',
      signature: {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [3, 8, 8] }],
        outputs: [{ name: 'y', datatype: 'FP16', shape: [-1] }],
      },
    },
    [2, 4],
  ],
  [
    'warmup with zeros, random values and files',
    'max_batch_size: 4\nmodel_warmup [ { name: "z" batch_size: 2\n inputs { key: "x" value: { data_type: TYPE_FP32 dims: 4 zero_data: true } } },\n{ name: "f" batch_size: 1 count: 3\n inputs [ { key: "x" value { data_type: TYPE_FP32 dims: 4 input_data_file: "x.bin" } }, { key: "s" value { data_type: TYPE_STRING dims: 1 random_data: true } } ] },\n{ name: "none" } ]',
    {
      ...{ batchAxis: 'first', queue: { maxRequestRows: 4 } },
      batching: { maxBatchSize: 4 },
      warmup: {
        inputs: [
          { name: 'x', datatype: 'FP32', shape: [1, 4], file: 'warmup/x.bin' },
          { name: 's', datatype: 'BYTES', shape: [1, 1] },
        ],
      },
    },
    [2, 2, 4, 6],
  ],
  [
    'warmup without a batch axis',
    `${X} ${Y} model_warmup { name: "z" batch_size: 1 inputs { key: "x" value: { data_type: TYPE_FP32 dims: [4] zero_data: true } } }`,
    { ...ALONE, warmup: { inputs: [{ name: 'x', datatype: 'FP32', shape: [4], zero: true }] } },
  ],
  [
    'what Triton keeps for itself',
    'runtime: "libtriton_onnxruntime.so"\ncc_model_filenames { key: "7.5" value: "a.onnx" }\nmetric_tags { key: "team" value: "vision" }\nmodel_operations { op_library_filename: [ "ops.so" ] }\nmodel_repository_agents { agents [ { name: "checksum" parameters { key: "a" value: "b" } } ] }\nmodel_metrics { metric_control [ { metric_identifier { family: "f" } histogram_options { buckets: [ -5.0, -2, 0, 3.5f, 1e3 ] } } ] }\nmodel_transaction_policy { decoupled: False }',
    {},
    [1, 2, 3, 4, 5, 6],
  ],
  [
    'a module that answers in parts',
    'default_model_filename: "net.ts" model_transaction_policy { decoupled: true }',
    {},
  ],
  ['the name of the file', 'default_model_filename: "net.onnx"', {}],
  ['the name of a file that a backend reads', 'backend: "onnxruntime" default_model_filename: "weights"', {}],
  [
    'an ensemble',
    `platform: "ensemble" max_batch_size: 1 ${X} ${Y}
     ensemble_scheduling { step [
       { model_name: "a" model_version: -1 input_map { key: "i" value: "x" } output_map { key: "o" value: "t" } },
       { model_name: "b" model_version: 3 input_map { key: "i" value: "t" } output_map { key: "o" value: "y" } } ]
       max_inflight_responses: 4 }`,
    {
      pipeline: {
        steps: [
          { model: 'a', inputs: { i: 'x' }, outputs: { o: 't' } },
          { model: 'b/3', inputs: { i: 't' }, outputs: { o: 'y' } },
        ],
        outputs: ['y'],
      },
    },
    [5],
  ],
  [
    'every form of the text format',
    `name : 'm' ; # a comment
     max_batch_size : 010, input: < name: "x" 'y' data_type: TYPE_FP32; dims: [0x4] > output [ < name: "\\x79\\172\\u00e9" dims: [2,], data_type: TYPE_FP32 > ]`.replace(
      '[2,]',
      '[2]',
    ),
    {
      ...{ ...IN_ROWS, batching: { rows: 'dependent' } },
      signature: {
        inputs: [{ name: 'xy', datatype: 'FP32', shape: [-1, 4] }],
        outputs: [{ name: 'yzé', datatype: 'FP32', shape: [-1, 2] }],
      },
    },
  ],
];

for (const [what, text, settings, lines = []] of GOOD) {
  test(`a good configuration: ${what}`, () => {
    const config = readTritonConfig(text, 'm');
    assert.deepEqual(config.problems, []);
    assert.deepEqual(config.settings, settings);
    assert.deepEqual(
      config.notes.map(({ at }) => at.line),
      lines,
      JSON.stringify(config.notes, null, 1),
    );
    // Of other parts: the latest versions, pipelines and numbered devices.
    const { pipeline: _, versions, ...rest } = config.settings;
    const isOurs = versions === undefined || typeof versions === 'string' || Array.isArray(versions);
    const parsed = ModelSettings.safeParse(isOurs ? { ...rest, versions } : rest);
    assert.equal(parsed.success, true, String(parsed.error));
  });
}
