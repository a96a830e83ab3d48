import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remarkText } from './place.ts';
import { readTritonConfig } from './translate.ts';

const X = 'input { name: "x" data_type: TYPE_FP32 dims: 4 }';
const Y = 'output { name: "y" data_type: TYPE_FP32 dims: [ 2 ] }';
const batcher = (fields: string) => `max_batch_size: 8\n${X}\n${Y}\ndynamic_batching {\n${fields}\n}`;
const warmup = (fields: string) => `max_batch_size: 8\n${X}\n${Y}\nmodel_warmup {\n${fields}\n}`;
const ensemble = (steps: string) => `platform: "ensemble"\n${X}\n${Y}\nensemble_scheduling {\n${steps}\n}`;
const step = (name: string, from: string, to: string) =>
  `step { model_name: "${name}" input_map { key: "i" value: "${from}" } output_map { key: "o" value: "${to}" } }`;

/** A configuration, the line of its first problem, and its message. */
type Broken = readonly [text: string, line: number, message: RegExp];

const GRAMMAR: readonly Broken[] = [
  ['name: "m"\nmax_batch_size 8', 2, /found '8', wanted ':' after 'max_batch_size'/],
  [
    'name: "m\nmax_batch_size: 8',
    1,
    /a text begins with " and does not end on this line: add the closing quote/,
  ],
  ["\n\nname: 'm", 3, /a text begins with ' and does not end/],
  ['name: "a\\qb"', 1, /column 9: '\\q' is not an escape/],
  ['name: "\\777"', 1, /is not an escape/],
  ['name: "\\ud800"', 1, /is not an escape/],
  ['name: "\\xff"', 1, /wanted a text in UTF-8/],
  ['name: m', 1, /'name' is m, wanted a text in quotes/],
  ['input {\n  name: "x"\n', 1, /column 7: '\{' is not closed: wanted '\}' before the end of the file/],
  ['input <\n  name: "x"\n}', 3, /found '\}', wanted the name of a field or '>'/],
  ['name: "m"\n}', 2, /found '\}', wanted the name of a field/],
  ['input [ { name: "x" }\n{ name: "y" } ]', 2, /found '\{', wanted ',' or '\]'/],
  ['input [ { name: "x" },\n ]', 2, /found '\]', wanted a value/],
  ['input [\n { name: "x" }\n', 1, /'\[' is not closed: wanted '\]'/],
  ['max_batch_size:\n', 2, /found the end of the file, wanted the value of 'max_batch_size'/],
  ['max_batch_size: -', 1, /wanted a number after '-'/],
  ['max_batch_size: 8x', 1, /'8x' is not a number/],
  ['max_batch_size: 089', 1, /'089' is not a number/],
  ['max_batch_size: 8\n%', 2, /unexpected character "%": put texts in quotes/],
  ['max_batch_size: 8;;', 1, /found ';', wanted the name of a field/],
  ['input { dims [ 4 ] }', 1, /wanted ':' before the values of 'dims': only messages may omit it/],
  ['[ext]: 1', 1, /found '\[', wanted the name of a field/],
  ['"name": "m"', 1, /found a text in quotes, wanted the name of a field/],
  [`${'input {'.repeat(1)}${'\nreshape {'.repeat(101)}`, 101, /more than 100 messages are nested/],
];

const SCHEMA: readonly Broken[] = [
  [
    'max_batch_siz: 8',
    1,
    /unknown field 'max_batch_siz', did you mean 'max_batch_size'\? Valid here: name, /,
  ],
  ['input {\n nam: "x" }', 2, /unknown field 'nam', did you mean 'name'\?/],
  ['version_policy { all { x: 1 } }', 1, /unknown field 'x'\. Valid here: no fields/],
  ['constructor: 1', 1, /unknown field 'constructor'/],
  ['max_batch_size: "8"', 1, /'max_batch_size' is "8", wanted a whole number/],
  ['max_batch_size: 8.5', 1, /is 8\.5, wanted a whole number/],
  ['max_batch_size: true', 1, /is true, wanted a whole number/],
  ['max_batch_size: 2147483648', 1, /is 2147483648, wanted a whole number from -2147483648 to 2147483647/],
  ['max_batch_size: { }', 1, /'max_batch_size' is a message, wanted a whole number/],
  ['max_batch_size: [ 8 ]', 1, /'max_batch_size' is a list, wanted one value/],
  ['max_batch_size: 8\nmax_batch_size: 9', 2, /'max_batch_size' is given twice, wanted once/],
  ['response_cache { enable: true }\nresponse_cache { enable: true }', 2, /'response_cache' is given twice/],
  [batcher('max_queue_delay_microseconds: -1'), 5, /is -1, wanted a whole number from 0/],
  [batcher('preserve_ordering: yes'), 5, /'preserve_ordering' is yes, wanted true or false/],
  ['response_cache { enable: 2 }', 1, /'enable' is 2, wanted true or false/],
  ['response_cache: true', 1, /'response_cache' is true, wanted \{ … \}/],
  [
    'input {\n data_type: FP32 }',
    2,
    /'data_type' is FP32, wanted one of TYPE_INVALID.*; did you mean 'TYPE_FP32'\?/,
  ],
  ['input { data_type: 15 }', 1, /'data_type' is 15, wanted one of/],
  ['input {\n data_type: "TYPE_FP32" }', 2, /'data_type' is "TYPE_FP32", wanted one of/],
  ['input { dims: [ 1,\n x ] }', 2, /'dims' is x, wanted a whole number/],
  [
    'instance_group { kind: KIND_TPU }',
    1,
    /'kind' is KIND_TPU, wanted one of KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL; did you mean/,
  ],
  [
    'dynamic_batching {}\nensemble_scheduling {}',
    2,
    /'ensemble_scheduling' and 'dynamic_batching' exclude each other/,
  ],
  ['version_policy {\n all {}\n latest { num_versions: 2 } }', 3, /'latest' and 'all' exclude each other/],
  ['metric_tags {\n value: "v" }', 1, /'metric_tags' has an entry without a key/],
  ['metric_tags { key: "k" }', 1, /'metric_tags' has an entry without a value/],
  ['metric_tags: "k"', 1, /'metric_tags' is "k", wanted \{ key: … value: … \}/],
  ['parameters { key: "a" value: "b" }', 1, /'value' is "b", wanted \{ … \}/],
  ['parameters { key: 1 value {} }', 1, /'key' is 1, wanted a text in quotes/],
  [
    'parameters { key: "a" value {} }\nparameters { key: "a" value {} }',
    2,
    /'parameters' has the key 'a' twice/,
  ],
  [
    'metric_tags [ { key: "a" value: "1" },\n { key: "a" value: "2" } ]',
    2,
    /'metric_tags' has the key 'a' twice/,
  ],
  [
    'model_metrics { metric_control { histogram_options { buckets: [ 1,\n many ] } } }',
    2,
    /'buckets' is many, wanted a number/,
  ],
];

const RULES: readonly Broken[] = [
  ['\nname: "other"', 2, /'name' is 'other', wanted 'm', the name of the model's folder/],
  ['backend: "python"', 1, /'backend' is 'python', wanted onnxruntime: export the model to ONNX/],
  ['platform: "tensorrt_plan"', 1, /'platform' is 'tensorrt_plan', wanted onnxruntime_onnx/],
  ['default_model_filename: "../net.onnx"', 1, /wanted the name of a file in the folder of the version/],
  ['default_model_filename: "model.plan"', 1, /wanted the name of a \.onnx, \.ts, \.mts, \.js or \.mjs file/],
  ['max_batch_size: -1', 1, /'max_batch_size' is -1, wanted at least 0/],
  [`input { data_type: TYPE_FP32 dims: 1 }`, 1, /'input' has an entry without a name/],
  [`${X}\n${X}`, 2, /'input' has two entries 'x': rename one of them/],
  [`${Y}\n${Y}`, 2, /'output' has two entries 'y'/],
  [`input { name: "x"\n data_type: TYPE_INVALID dims: 1 }\n${Y}`, 2, /'data_type' of input 'x' is missing/],
  [`${X}\noutput { name: "y" dims: 1 }`, 2, /'data_type' of output 'y' is missing/],
  [`input { name: "x" data_type: TYPE_FP32 }\n${Y}`, 1, /'dims' of input 'x' are missing/],
  ['input { name: "x" data_type: TYPE_FP32\n dims: [ ] }', 1, /'dims' of input 'x' are missing/],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ 3,\n 0 ] }',
    2,
    /'dims' of input 'x' has the size 0, wanted from 1/,
  ],
  ['input { name: "x" data_type: TYPE_FP32 dims: -2 }', 1, /has the size -2/],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ 3, 4 ]\n format: FORMAT_NHWC }',
    2,
    /FORMAT_NHWC, which needs 3 dims, found 2/,
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ]\n reshape { shape: [ 2, 3 ] } }',
    2,
    /another number of elements than dims \[4\]/,
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ]\n reshape { shape: [ 4, -1 ] } }',
    2,
    /another number of elements/,
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ 1 ]\n reshape { } }',
    2,
    /'reshape' of input 'x' is empty, which needs max_batch_size/,
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ 1 ]\n optional: true }',
    2,
    /'input\.optional' is not supported: a request must give every input.*; instead: /,
  ],
  [
    'input { name: "x" data_type: TYPE_FP32 dims: [ 1 ]\n is_shape_tensor: true }',
    2,
    /'input\.is_shape_tensor' is not supported/,
  ],
  [
    `${X}\nbatch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }`,
    2,
    /'batch_input' is not supported/,
  ],
  [
    `${Y}\nbatch_output [ { target_name: "y" kind: BATCH_SCATTER_WITH_INPUT_SHAPE source_input: "x" } ]`,
    2,
    /'batch_output' is not supported/,
  ],
  [
    '\nsequence_batching { direct { } max_sequence_idle_microseconds: 5000 }',
    2,
    /'sequence_batching' is not supported: a model has no state/,
  ],
  [
    'model_transaction_policy {\n decoupled: true }',
    2,
    /'model_transaction_policy\.decoupled' is not supported: only a module answers a request in parts/,
  ],
  [
    batcher('preferred_batch_size: [ 4,\n 9 ]'),
    6,
    /'preferred_batch_size' is 9, wanted from 1 to max_batch_size \(8\)/,
  ],
  [batcher('preferred_batch_size: 0'), 5, /'preferred_batch_size' is 0, wanted from 1/],
  [
    `${X}\n${Y}\ndynamic_batching { preferred_batch_size: 4 }`,
    3,
    /is 4, wanted at least 1, and max_batch_size above 0/,
  ],
  [batcher('priority_levels: 2'), 4, /'default_priority_level' is 0, wanted from 1 to priority_levels \(2\)/],
  [
    batcher('priority_levels: 2\ndefault_priority_level: 3'),
    6,
    /'default_priority_level' is 3, wanted from 1/,
  ],
  [
    batcher('priority_levels: 2 default_priority_level: 1\npriority_queue_policy { key: 3 value { } }'),
    6,
    /'priority_queue_policy' has the level 3/,
  ],
  [
    batcher('preserve_ordering: true\npriority_levels: 2 default_priority_level: 1'),
    5,
    /'preserve_ordering' needs one priority level/,
  ],
  [
    batcher(
      'preserve_ordering: true\ndefault_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 }',
    ),
    6,
    /'timeout_action' is DELAY/,
  ],
  ['version_policy {\n latest { num_versions: 0 } }', 2, /'num_versions' is 0, wanted at least 1/],
  ['version_policy {\n specific { } }', 2, /'specific' has no versions/],
  ['version_policy { specific { versions: [ 1,\n 0 ] } }', 2, /'versions' has 0, wanted at least 1/],
  ['instance_group {\n count: -1 }', 2, /'count' is -1, wanted at least 1/],
  [
    'instance_group { kind: KIND_CPU\n gpus: [ 0 ] }',
    2,
    /'gpus' are listed, but the kind of the group is KIND_CPU/,
  ],
  [
    'instance_group { kind: KIND_CPU }\ninstance_group { kind: KIND_GPU }',
    2,
    /names cpu and cuda, but replicas of a version run on one device/,
  ],
  ['instance_group [ { passive: true } ]', 1, /every 'instance_group' is passive/],
  ['instance_group {\n profile: [ "0" ] }', 2, /'instance_group\.profile' is not supported/],
  [
    'parameters { key: "intra_op_thread_count"\n value { string_value: "many" } }',
    2,
    /intra_op_thread_count is "many", wanted a whole number from 0/,
  ],
  [
    'parameters { key: "enable_mem_arena" value { string_value: "off" } }',
    1,
    /enable_mem_arena is "off", wanted 0 or 1/,
  ],
  [
    'optimization { execution_accelerators {\n cpu_execution_accelerator [ { name: "tpu" } ] } }',
    2,
    /has the name 'tpu', wanted one of openvino/,
  ],
  [warmup('batch_size: 9'), 5, /'batch_size' is 9, wanted at most max_batch_size \(8\)/],
  [
    warmup('batch_size: 1 inputs { key: "z"\n value { data_type: TYPE_FP32 dims: 4 zero_data: true } }'),
    5,
    /has 'z', wanted one of x/,
  ],
  [
    warmup('batch_size: 1 inputs { key: "x"\n value { data_type: TYPE_FP32 dims: -1 zero_data: true } }'),
    6,
    /has the size -1, wanted fixed sizes/,
  ],
  [
    warmup('batch_size: 1 inputs { key: "x"\n value { data_type: TYPE_FP32 dims: 4 } }'),
    6,
    /has no data: wanted zero_data, random_data or input_data_file/,
  ],
  [
    warmup('batch_size: 1 inputs { key: "x"\n value { dims: 4 zero_data: true } }'),
    6,
    /'data_type' of warmup input 'x' is missing/,
  ],
  ['\nplatform: "ensemble"', 2, /wanted 'ensemble_scheduling' with at least one step/],
  [`${ensemble(step('a', 'x', 'y'))}\nbackend: "onnxruntime"`, 7, /'backend' must be empty/],
  [`${X}\n${Y}\nensemble_scheduling { ${step('a', 'x', 'y')} }`, 1, /'platform' is "", wanted "ensemble"/],
  [
    `${ensemble(step('a', 'x', 'y'))}\ninstance_group { count: 1 }`,
    7,
    /'instance_group' is for models with files/,
  ],
  [ensemble(`${step('a', 'x', 'y')}\n${step('b', 'x', 'y')}`), 6, /the tensor 'y' is made twice/],
  [ensemble(step('a', 'z', 'y')), 2, /no step uses the input 'x'/],
  [ensemble(step('a', 'x', 'z')), 3, /no step makes the output 'y'/],
  [
    ensemble(`${step('a', 'x', 'y')}\n${step('b', 'w', 'v')}`),
    6,
    /the tensor 'w' is neither an input nor made by a step/,
  ],
  [
    ensemble(`${step('a', 'x', 'y')}\n${step('b', 'w', 'v')}\n${step('c', 'v', 'w')}`),
    6,
    /steps wait for each other: 'b', 'c'/,
  ],
  [
    ensemble(
      `step { model_name: "a"\n model_version: 0 input_map { key: "i" value: "x" } output_map { key: "o" value: "y" } }`,
    ),
    6,
    /'model_version' is 0, wanted a version, or -1/,
  ],
  [
    ensemble(`step { model_name: "" input_map { key: "i" value: "x" } output_map { key: "o" value: "y" } }`),
    5,
    /a step has no 'model_name'/,
  ],
  [
    ensemble(`${step('a', 'x', 'y')}\nstep { model_name: "b" output_map { key: "o" value: "q" } }`),
    6,
    /the step of 'b' has no 'input_map'/,
  ],
  [
    ensemble(
      `step { model_name: "a" model_namespace: "n" input_map { key: "i" value: "x" } output_map { key: "o" value: "y" } }`,
    ),
    5,
    /model_namespace' is not supported: it is reserved/,
  ],
];

for (const [group, table] of Object.entries({ grammar: GRAMMAR, schema: SCHEMA, rules: RULES })) {
  for (const [text, line, message] of table) {
    test(`a broken configuration (${group}): ${JSON.stringify(text).slice(0, 90)}`, () => {
      const [first] = readTritonConfig(text, 'm').problems;
      assert.ok(first !== undefined, 'a problem is found');
      const words = remarkText('config.pbtxt', first);
      assert.match(words, new RegExp(`^config\\.pbtxt: line ${line}, column \\d+: `));
      assert.match(words, message);
    });
  }
}

test('all problems are found at once, in the order of the text', () => {
  const { problems } = readTritonConfig(
    'max_batch_size: -1\ninput { name: "x" dims: 0 }\nfoo: 1\nbar: 2',
    'm',
  );
  assert.deepEqual(
    problems.map(({ at }) => at.line),
    [3, 4],
  );
  const rules = readTritonConfig(`max_batch_size: -1\n${X}\n${X}\nbackend: "x"`, 'm');
  assert.deepEqual(
    rules.problems.map(({ at }) => at.line),
    [1, 3, 4],
  );
});
