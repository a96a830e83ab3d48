import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD_FATES, fateOf, fateText } from './field-fates.ts';
import { MODEL_CONFIG } from './model-config.ts';
import { isMessageType, type MessageType } from './schema.ts';

/** The paths of all fields, messages included. */
function pathsOf({ fields }: MessageType, prefix = ''): string[] {
  return Object.entries(fields).flatMap(([name, { type }]) => {
    const path = `${prefix}${name}`;
    return isMessageType(type) ? [path, ...pathsOf(type, `${path}.`)] : [path];
  });
}

const PATHS = pathsOf(MODEL_CONFIG);

test('every field of the schema has a fate, or is a message whose fields have', () => {
  const isLeaf = (path: string) => PATHS.every((other) => !other.startsWith(`${path}.`));
  assert.deepEqual(
    PATHS.filter((path) => isLeaf(path) && fateOf(path) === undefined),
    [],
  );
});

test('every fate is of a field of the schema', () => {
  assert.deepEqual(
    Object.keys(FIELD_FATES).filter((path) => !PATHS.includes(path)),
    [],
  );
});

test('fields that are ignored or refused are named with the reason', () => {
  for (const [path, fate] of Object.entries(FIELD_FATES)) {
    if ('honoured' in fate) continue;
    assert.match(fateText(path, fate), new RegExp(`^'${path}' is (ignored|not supported): .{10}`));
  }
});
