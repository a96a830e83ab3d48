import { nearestName } from '../../base/nearest.ts';
import { type EnumType, isEnumType, type ScalarName } from './schema.ts';
import { utf8Text } from './string-escapes.ts';
import type { Value } from './text-format.ts';
import { integerOf } from './tokens.ts';

/** Integers of 64 bits are bigints; enumerations are the names of their values. */
export type Scalar = string | number | bigint | boolean;

/** The value, or what was wanted in its place. */
type Read = { readonly value: Scalar } | { readonly wanted: string };

const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{ true: true, True: true, t: true, '1': true },
  ...{ false: false, False: false, f: false, '0': false },
};
const BITS = { int32: 31n, uint32: 32n, int64: 63n, uint64: 64n } as const;
const LONGEST_VALUE = 60;

/** A value of a scalar field or of an enumeration. */
export function readScalar(value: Value, type: ScalarName | EnumType): Read {
  if (isEnumType(type)) return readEnum(value, type);
  if (type === 'string') {
    const text = value.kind === 'text' ? utf8Text(value.bytes) : undefined;
    const wanted = value.kind === 'text' ? 'a text in UTF-8' : 'a text in quotes';
    return text === undefined ? { wanted } : { value: text };
  }
  if (type === 'bool') {
    const isPlain = (value.kind === 'name' || value.kind === 'number') && !value.isNegative;
    const flag = isPlain && Object.hasOwn(BOOLEANS, value.raw) ? BOOLEANS[value.raw] : undefined;
    return flag === undefined ? { wanted: 'true or false' } : { value: flag };
  }
  if (type === 'float' || type === 'double') return readFloat(value);
  return readInteger(value, type);
}

function readInteger(value: Value, type: keyof typeof BITS): Read {
  const isSigned = !type.startsWith('u');
  const most = 2n ** BITS[type] - 1n;
  const least = isSigned ? -most - 1n : 0n;
  const wanted = { wanted: `a whole number from ${least} to ${most}` };
  if (value.kind !== 'number') return wanted;
  const size = integerOf(value.raw);
  if (size === undefined) return wanted;
  const number = value.isNegative ? -size : size;
  if (number < least || number > most) return wanted;
  return { value: type.endsWith('64') ? number : Number(number) };
}

function readFloat(value: Value): Read {
  if (value.kind !== 'number' && value.kind !== 'name') return { wanted: 'a number' };
  const size =
    value.kind === 'number'
      ? Number(integerOf(value.raw) ?? value.raw.replace(/[fF]$/, ''))
      : /^inf(inity)?$/i.test(value.raw)
        ? Number.POSITIVE_INFINITY
        : Number.NaN;
  if (value.kind === 'name' && !/^(inf(inity)?|nan)$/i.test(value.raw)) return { wanted: 'a number' };
  return { value: value.isNegative ? -size : size };
}

function readEnum(value: Value, { names }: EnumType): Read {
  const index = value.kind === 'number' && !value.isNegative ? integerOf(value.raw) : undefined;
  const name = value.kind === 'name' && !value.isNegative ? value.raw : names[Number(index ?? -1)];
  if (name !== undefined && names.includes(name)) return { value: name };
  const meant =
    names.find((each) => each.endsWith(`_${name}`)) ??
    (name === undefined ? undefined : nearestName(name, names));
  return {
    wanted: `one of ${names.join(', ')}${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
  };
}

/** A value as in the file, for messages. */
export function valueInWords(value: Value): string {
  if (value.kind === 'message') return 'a message';
  if (value.kind === 'list') return 'a list';
  const text =
    value.kind === 'text'
      ? JSON.stringify(Buffer.from(value.bytes).toString('utf8'))
      : `${value.isNegative ? '-' : ''}${value.raw}`;
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}
