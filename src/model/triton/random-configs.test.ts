import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelSettings } from '../../config/model-settings.ts';
import { MODEL_CONFIG } from './model-config.ts';
import { isEnumType, isMessageType, type MessageType, type ValueType } from './schema.ts';
import { readTritonConfig } from './translate.ts';

/** Values that configurations have, and some that they should not have. */
const SCALARS = {
  string: fc.constantFrom('""', '"x"', '"y"', '"model.onnx"', '"intra_op_thread_count"', '"2"', '"ensemble"'),
  bool: fc.constantFrom('true', 'false'),
  int32: fc.constantFrom('0', '1', '2', '8', '5000', '-1'),
  int64: fc.constantFrom('-1', '1', '2', '9007199254740993', '0'),
  uint32: fc.constantFrom('0', '1', '3'),
  uint64: fc.constantFrom('0', '1', '2', '1500', '18446744073709551615'),
  float: fc.constantFrom('0.5', '1'),
  double: fc.constantFrom('0.5', '1'),
} as const;

function valueText(type: ValueType): fc.Arbitrary<string> {
  if (isMessageType(type)) return messageText(type).map((text) => `{ ${text} }`);
  return isEnumType(type) ? fc.constantFrom(...type.names) : SCALARS[type];
}

function messageText({ fields }: MessageType): fc.Arbitrary<string> {
  const entries = Object.entries(fields).map(([name, { type, isRepeated, key }]) => {
    const value = valueText(type);
    const one =
      key === undefined ? value : fc.tuple(SCALARS[key], value).map(([k, v]) => `{ key: ${k} value: ${v} }`);
    const text = one.map((each) => `${name}: ${each}`);
    const most = isRepeated === true || key !== undefined ? 2 : 1;
    return fc.array(text, { maxLength: most }).map((all) => all.join('\n'));
  });
  // Most fields are left out, so that some configurations have no problem.
  return fc
    .tuple(fc.shuffledSubarray(entries, { maxLength: Math.min(4, entries.length) }))
    .chain(([chosen]) => fc.tuple(...chosen))
    .map((texts) => texts.join('\n'));
}

test('a configuration without a problem becomes valid settings', () => {
  let good = 0;
  fc.assert(
    fc.property(messageText(MODEL_CONFIG), (text) => {
      const { problems, settings } = readTritonConfig(text);
      if (problems.length > 0) return;
      good += 1;
      // Of other parts: the latest versions, pipelines and numbered devices.
      const { pipeline: _, versions, device: __, ...rest } = settings;
      const isOurs = typeof versions === 'string' || Array.isArray(versions);
      const parsed = ModelSettings.safeParse(isOurs ? { ...rest, versions } : rest);
      assert.equal(parsed.success, true, `${text}\n${parsed.error}`);
    }),
    { numRuns: 500 },
  );
  assert.ok(good > 20, `${good} configurations have no problem`);
});
