import type { Place } from './place.ts';
import { type FieldType, isEnumType, isMessageType, type MessageType, type ValueType } from './schema.ts';
import type { Field, Value } from './text-format.ts';

/** JSON has no places. */
const NOWHERE: Place = { line: 1, column: 1 };

/** The entries of a message in the JSON form of Protobuf, as if they were written in the text format. */
export function fieldsOfJson(json: object, type: MessageType): Field[] {
  return Object.entries(json).flatMap(([written, value]) => {
    if (value === null) return [];
    const name = Object.hasOwn(type.fields, written) ? written : inSnakeCase(written);
    const fieldType = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    return [{ name, at: NOWHERE, value: fieldValue(value, fieldType) }];
  });
}

/** `maxBatchSize` is another spelling of `max_batch_size`. */
function inSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function fieldValue(json: unknown, field: FieldType | undefined): Value {
  if (Array.isArray(json)) {
    return { kind: 'list', at: NOWHERE, items: json.map((item) => jsonValue(item, field?.type)) };
  }
  if (field?.key === undefined || typeof json !== 'object' || json === null)
    return jsonValue(json, field?.type);
  const { key, type } = field;
  const items = Object.entries(json).map(([name, value]): Value => {
    const entry = { key: jsonValue(name, key), value: jsonValue(value, type) };
    const fields = Object.entries(entry).map(([part, each]) => ({ name: part, at: NOWHERE, value: each }));
    return { kind: 'message', at: NOWHERE, fields };
  });
  return { kind: 'list', at: NOWHERE, items };
}

function jsonValue(json: unknown, type: ValueType | undefined): Value {
  if (typeof json === 'object' && json !== null) {
    const fields = type !== undefined && isMessageType(type) ? fieldsOfJson(json, type) : [];
    return { kind: 'message', at: NOWHERE, fields };
  }
  const text = String(json);
  const isQuoted = typeof json === 'string';
  const [, sign = '', size = ''] = /^(-?)(.*)$/s.exec(text) ?? [];
  // Numbers of 64 bits and the keys of maps are quoted, and so are the names of enumerations.
  if (/^\d/.test(size) && (!isQuoted || type !== 'string')) {
    return { kind: 'number', at: NOWHERE, raw: size, isNegative: sign === '-' };
  }
  const isName = !isQuoted || (type !== undefined && typeof type === 'object' && isEnumType(type));
  if (isName) return { kind: 'name', at: NOWHERE, raw: size, isNegative: sign === '-' };
  return { kind: 'text', at: NOWHERE, bytes: Buffer.from(text) };
}
