import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTritonConfig, readTritonJson } from './translate.ts';

const TEXT = `name: "m" max_batch_size: 16
  input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] format: 0 }
  output { name: "y" data_type: TYPE_STRING dims: [ 2 ] }
  version_policy { specific { versions: [ 1, 9007199254740993 ] } }
  dynamic_batching { max_queue_delay_microseconds: 100 priority_levels: 2 default_priority_level: 2
    priority_queue_policy { key: 1 value { max_queue_size: 4 timeout_action: DELAY } } }
  instance_group { count: 2 kind: KIND_CPU }
  parameters { key: "intra_op_thread_count" value { string_value: "2" } }
  metric_tags { key: "a" value: "1" }
  response_cache { enable: true }
  optimization { graph { level: -1 } }`;
const JSON_FORM = {
  name: 'm',
  max_batch_size: '16',
  input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1, '4'], format: 'FORMAT_NONE', reshape: null }],
  output: [{ name: 'y', dataType: 13, dims: [2] }],
  version_policy: { specific: { versions: ['1', '9007199254740993'] } },
  dynamic_batching: {
    maxQueueDelayMicroseconds: 100,
    ...{ priority_levels: '2', default_priority_level: 2 },
    priority_queue_policy: { '1': { max_queue_size: 4, timeout_action: 'DELAY' } },
  },
  instance_group: [{ count: 2, kind: 'KIND_CPU', gpus: [] }],
  parameters: { intra_op_thread_count: { string_value: '2' } },
  metric_tags: { a: '1' },
  response_cache: { enable: true },
  optimization: { graph: { level: -1 } },
};

test('the JSON form of a configuration has the same meaning as its text', () => {
  const [text, json] = [readTritonConfig(TEXT, 'm'), readTritonJson(JSON_FORM, 'm')];
  assert.deepEqual(json.problems, []);
  assert.deepEqual(json.settings, text.settings);
  assert.deepEqual(json.notes.map((note) => note.text).sort(), text.notes.map((note) => note.text).sort());
});

const WRONG: readonly (readonly [object, RegExp])[] = [
  [{ maxBatchSiz: 1 }, /unknown field 'max_batch_siz', did you mean 'max_batch_size'\?/],
  [{ max_batch_size: 'many' }, /'max_batch_size' is "many", wanted a whole number/],
  [{ max_batch_size: 1.5 }, /'max_batch_size' is 1\.5, wanted a whole number/],
  [{ name: 5 }, /'name' is 5, wanted a text in quotes/],
  [{ input: { name: 'x', dims: {} } }, /'dims' is a message, wanted a whole number/],
  [{ input: [{ data_type: 'FP32' }] }, /'data_type' is FP32, wanted one of .*did you mean 'TYPE_FP32'/],
  [{ response_cache: { enable: 'true' } }, /'enable' is "true", wanted true or false/],
  [{ parameters: { a: 'b' } }, /'value' is "b", wanted \{ … \}/],
  [{ metric_tags: ['a'] }, /'metric_tags' is "a", wanted \{ key/],
];

for (const [json, problem] of WRONG) {
  test(`a wrong configuration in JSON: ${JSON.stringify(json)}`, () => {
    assert.match(readTritonJson(json).problems[0]?.text ?? '', problem);
  });
}
