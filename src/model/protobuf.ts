/** A source of bytes with random access, such as a file that is read in parts. */
export interface ByteSource {
  readonly length: number;
  /** The result is shorter than requested only at the end of the source. */
  read(from: number, to: number): Uint8Array;
}

/** One field of a protobuf message. */
export interface Field {
  readonly number: number;
  /** Offset of the tag, with which a copy of the field starts. */
  readonly start: number;
  /** Offset of the content, after the length prefix of a text or an inner message. */
  readonly from: number;
  readonly to: number;
  /** The value of a whole number, exact up to 2^53; 0 for other types. */
  readonly value: number;
  readonly isBytes: boolean;
}

const LONGEST_VARINT = 10;

/** A source of bytes in memory. */
export function inMemory(bytes: Uint8Array): ByteSource {
  return { length: bytes.length, read: (from, to) => bytes.subarray(from, to) };
}

/** The fields of the message between two positions, without decoding their contents. Throws on an invalid message. */
export function* fieldsOf(source: ByteSource, first = 0, end = source.length): Generator<Field> {
  let at = first;
  while (at < end) {
    const start = at;
    const tag = varintAt(source, at, end);
    const number = Math.floor(tag.value / 8);
    if (number === 0) throw new Error('not a protobuf message: a field has the number 0');
    const field = contentAt(source, tag.value % 8, tag.to, end);
    if (field.to > end)
      throw new Error('not a protobuf message: a field extends beyond the end of the message');
    at = field.to;
    yield { number, start, ...field };
  }
}

function contentAt(
  source: ByteSource,
  wireType: number,
  at: number,
  to: number,
): Omit<Field, 'number' | 'start'> {
  if (wireType === 0) {
    const { value, to: end } = varintAt(source, at, to);
    return { from: at, to: end, value, isBytes: false };
  }
  if (wireType === 1) return { from: at, to: at + 8, value: 0, isBytes: false };
  if (wireType === 5) return { from: at, to: at + 4, value: 0, isBytes: false };
  if (wireType !== 2) throw new Error(`not a protobuf message: wire type ${wireType}`);
  const length = varintAt(source, at, to);
  return { from: length.to, to: length.to + length.value, value: 0, isBytes: true };
}

function varintAt(
  source: ByteSource,
  at: number,
  to: number,
): { readonly value: number; readonly to: number } {
  const bytes = source.read(at, Math.min(at + LONGEST_VARINT, to));
  let [value, scale] = [0, 1];
  for (const [index, byte] of bytes.entries()) {
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, to: at + index + 1 };
    scale *= 128;
  }
  throw new Error('not a protobuf message: a number has no end');
}

/** The signed whole numbers of a field, which has several if it is packed. */
export function int64sOf(source: ByteSource, { from, to }: Field): bigint[] {
  const numbers: bigint[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of source.read(from, to)) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    numbers.push(BigInt.asIntN(64, value));
    [value, shift] = [0n, 0n];
  }
  return numbers;
}

/** The content of a field as text. */
export function textOf(source: ByteSource, { from, to }: Field): string {
  return Buffer.from(source.read(from, to)).toString('utf8');
}

/** Encodes a field that contains a text or an inner message. */
export function bytesField(number: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint(number * 8 + 2), varint(length), ...content]);
}

/** Encodes a field that contains a whole number. */
export function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
