const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  "'": 39,
  '?': 63,
  '\\': 92,
};
/** Octal, hexadecimal and Unicode escapes, after the backslash. */
const NUMBERED = /([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a quoted text without its quotes, or the offset of an escape that does not exist. */
export function unescaped(raw: string): Uint8Array | number {
  if (!raw.includes('\\')) return Buffer.from(raw);
  const pieces: Buffer[] = [];
  for (let at = 0; at < raw.length; ) {
    if (raw[at] !== '\\') {
      const end = raw.indexOf('\\', at);
      pieces.push(Buffer.from(raw.slice(at, end < 0 ? raw.length : end)));
      at = end < 0 ? raw.length : end;
      continue;
    }
    const simple = SIMPLE[raw[at + 1] ?? ''];
    if (simple !== undefined) {
      pieces.push(Buffer.from([simple]));
      at += 2;
      continue;
    }
    NUMBERED.lastIndex = at + 1;
    const bytes = numbered(NUMBERED.exec(raw));
    if (bytes === undefined) return at;
    pieces.push(bytes);
    at = NUMBERED.lastIndex;
  }
  return Buffer.concat(pieces);
}

function numbered(found: RegExpExecArray | null): Buffer | undefined {
  const [, octal, hex, short, long] = found ?? [];
  const byte = octal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(octal, 8);
  if (byte <= 255) return Buffer.from([byte]);
  const point = Number.parseInt(short ?? long ?? '', 16);
  const isCharacter = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return isCharacter ? Buffer.from(String.fromCodePoint(point)) : undefined;
}

/** Bytes as text; undefined when they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
