import { nearestName } from '../../base/nearest.ts';
import type { Place, Remark } from './place.ts';
import { readScalar, type Scalar, valueInWords } from './read-scalar.ts';
import { type FieldType, isMessageType, type MessageType } from './schema.ts';
import type { Field, Value } from './text-format.ts';

/** A message that has been checked against its type. */
export interface Message {
  readonly type: MessageType;
  readonly at: Place;
  /** The values of each field that is given, in the order of the text. */
  readonly fields: ReadonlyMap<string, readonly Given[]>;
}

/** One value of a field. Maps have a key. */
export interface Given {
  readonly at: Place;
  readonly key?: Scalar;
  readonly value: Scalar | Message;
}

/** Checks entries against a message type. Problems are added to the list, and what has one is left out. */
export function readMessage(
  at: Place,
  fields: readonly Field[],
  { type, problems }: { readonly type: MessageType; readonly problems: Remark[] },
): Message {
  const read = new Map<string, Given[]>();
  const chosen = new Map<string, string>();
  for (const field of fields) {
    const { name } = field;
    const fieldType = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    if (fieldType === undefined) {
      problems.push({ at: field.at, text: unknownField(name, type) });
      continue;
    }
    const other = fieldType.choice === undefined ? undefined : chosen.get(fieldType.choice);
    if (other !== undefined && other !== name) {
      problems.push({
        at: field.at,
        text: `'${name}' and '${other}' exclude each other: remove one of them`,
      });
      continue;
    }
    if (fieldType.choice !== undefined) chosen.set(fieldType.choice, name);
    const before = read.get(name);
    const isSingular = fieldType.isRepeated !== true && fieldType.key === undefined;
    if (isSingular && before !== undefined) {
      problems.push({ at: field.at, text: `'${name}' is given twice, wanted once: remove one of them` });
      continue;
    }
    const all = before ?? [];
    for (const given of readField(field, fieldType, problems)) all.push(given);
    read.set(name, all);
  }
  for (const [name, given] of read) reportSameKeys(name, given, problems);
  return { type, at, fields: read };
}

function reportSameKeys(name: string, given: readonly Given[], problems: Remark[]): void {
  const seen = new Set<Scalar>();
  for (const { key, at } of given) {
    if (key === undefined) continue;
    if (seen.has(key))
      problems.push({ at, text: `'${name}' has the key '${key}' twice: remove one of them` });
    seen.add(key);
  }
}

function unknownField(name: string, { fields }: MessageType): string {
  const known = Object.keys(fields);
  const meant = nearestName(name, known);
  const valid = known.length === 0 ? 'no fields' : known.join(', ');
  return `unknown field '${name}'${meant === undefined ? '.' : `, did you mean '${meant}'?`} Valid here: ${valid}`;
}

function readField({ name, value }: Field, fieldType: FieldType, problems: Remark[]): Given[] {
  const isList = fieldType.isRepeated === true || fieldType.key !== undefined;
  if (value.kind === 'list' && !isList) {
    problems.push({ at: value.at, text: `'${name}' is a list, wanted one value` });
    return [];
  }
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    const given = fieldType.key === undefined ? readValue(name, item, fieldType, problems) : undefined;
    if (fieldType.key !== undefined) return readEntry(name, item, fieldType, problems);
    return given === undefined ? [] : [{ at: item.at, value: given }];
  });
}

/** An entry of a map: `{ key: … value: … }`. */
function readEntry(
  name: string,
  item: Value,
  { type, key = 'string' }: FieldType,
  problems: Remark[],
): Given[] {
  if (item.kind !== 'message') {
    problems.push({ at: item.at, text: `'${name}' is ${valueInWords(item)}, wanted { key: … value: … }` });
    return [];
  }
  const entryType = { fields: { key: { type: key }, value: { type } } };
  const entry = readMessage(item.at, item.fields, { type: entryType, problems });
  const [given] = entry.fields.get('key') ?? [];
  const [value] = entry.fields.get('value') ?? [];
  const isMissing = (part: string) => item.fields.every((field) => field.name !== part);
  if (isMissing('key')) problems.push({ at: item.at, text: `'${name}' has an entry without a key` });
  if (isMissing('value') && !isMessageType(type)) {
    problems.push({ at: item.at, text: `'${name}' has an entry without a value` });
  }
  if (given === undefined) return [];
  const empty = { type: type as MessageType, at: item.at, fields: new Map() };
  return [{ at: item.at, key: given.value as Scalar, value: value?.value ?? empty }];
}

function readValue(
  name: string,
  item: Value,
  { type }: FieldType,
  problems: Remark[],
): Scalar | Message | undefined {
  if (isMessageType(type)) {
    if (item.kind === 'message') return readMessage(item.at, item.fields, { type, problems });
    problems.push({ at: item.at, text: `'${name}' is ${valueInWords(item)}, wanted { … }` });
    return undefined;
  }
  const scalar = readScalar(item, type);
  if (!('wanted' in scalar)) return scalar.value;
  problems.push({ at: item.at, text: `'${name}' is ${valueInWords(item)}, wanted ${scalar.wanted}` });
  return undefined;
}
