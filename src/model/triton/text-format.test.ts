import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Field, parseTextFormat, type Value } from './text-format.ts';

/** A tree without places. */
type Plain =
  | { readonly text: string }
  | { readonly scalar: string }
  | { readonly message: readonly (readonly [string, Plain])[] }
  | { readonly list: readonly Plain[] };
type PlainFields = readonly (readonly [string, Plain])[];

function plainFields(fields: readonly Field[]): PlainFields {
  return fields.map(({ name, value }) => [name, plain(value)]);
}

function plain(value: Value): Plain {
  if (value.kind === 'text') return { text: Buffer.from(value.bytes).toString('latin1') };
  if (value.kind === 'message') return { message: plainFields(value.fields) };
  if (value.kind === 'list') return { list: value.items.map(plain) };
  return { scalar: `${value.isNegative ? '-' : ''}${value.raw}` };
}

/** Choices of the printer, which the tree does not show. */
type Choose = (most: number) => number;

function printFields(fields: PlainFields, choose: Choose): string {
  return fields
    .map(([name, value]) => {
      const mayOmit =
        'message' in value || ('list' in value && value.list.every((item) => 'message' in item));
      const colon = mayOmit && choose(2) === 0 ? '' : ':';
      return `${name}${gap(choose)}${colon}${gap(choose)}${print(value, choose)}${['', ',', ';'][choose(3)]}`;
    })
    .map((text) => `${text}${[' ', '\n', ' # a comment } "\n', '\t\r\n'][choose(4)]}`)
    .join('');
}

function gap(choose: Choose): string {
  return ['', ' ', '\n', '#:\n'][choose(4)] as string;
}

function print(value: Plain, choose: Choose): string {
  if ('scalar' in value) return value.scalar.replace('-', choose(2) === 0 ? '-' : '- ');
  if ('text' in value) return printText(value.text, choose);
  if ('list' in value) return `[${value.list.map((item) => print(item, choose)).join(`${gap(choose)},`)} ]`;
  const [open, close] = choose(2) === 0 ? '{}' : '<>';
  return `${open}${gap(choose)}${printFields(value.message, choose)}${close}`;
}

function printText(text: string, choose: Choose): string {
  const at = choose(text.length + 1);
  const pieces = choose(2) === 0 ? [text] : [text.slice(0, at), text.slice(at)];
  return pieces
    .map((piece) => {
      const quote = choose(2) === 0 ? '"' : "'";
      const escaped = [...piece].map((character) => printCharacter(character, quote, choose)).join('');
      return `${quote}${escaped}${quote}`;
    })
    .join(gap(choose));
}

function printCharacter(character: string, quote: string, choose: Choose): string {
  const code = character.charCodeAt(0);
  const isPlain = code >= 32 && code < 127 && character !== '\\' && character !== quote;
  if (isPlain && choose(4) > 0) return character;
  const short = { '\n': '\\n', '\t': '\\t', '\\': '\\\\', '"': '\\"', "'": "\\'" }[character];
  // Octal has three digits, so that a digit after it stays one of its own; hexadecimal at most two.
  if (short !== undefined && choose(2) === 0) return short;
  return choose(2) === 0
    ? `\\${code.toString(8).padStart(3, '0')}`
    : `\\x${code.toString(16).padStart(2, '0')}`;
}

const NAME = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const SCALAR = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
  fc.nat().map((number) => `0x${number.toString(16)}`),
  fc.nat().map((number) => `0${number.toString(8)}`),
  fc.constantFrom('1.5', '-.5', '1e10', '1.', '-2.5e-3f', '3F', 'inf', '-nan', 'true', 'TYPE_FP32', '007'),
);
const { fields: TREE } = fc.letrec<{ value: Plain; single: Plain; fields: PlainFields }>((tie) => ({
  single: fc.oneof(
    { depthSize: 'small' },
    SCALAR.map((scalar) => ({ scalar })),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => ({
      text: Buffer.from(text).toString('latin1'),
    })),
    tie('fields').map((message) => ({ message })),
  ),
  value: fc.oneof(
    tie('single'),
    fc.array(tie('single'), { maxLength: 4 }).map((list) => ({ list })),
  ),
  fields: fc.array(fc.tuple(NAME, tie('value')), { maxLength: 5 }),
}));

test('what is printed is read as the same tree, whatever the style', () => {
  fc.assert(
    fc.property(TREE, fc.infiniteStream(fc.nat()), (tree, stream) => {
      const choose: Choose = (most) => (stream.next().value as number) % most;
      assert.deepEqual(plainFields(parseTextFormat(printFields(tree, choose))), tree);
    }),
    { numRuns: 200 },
  );
});

test('any text is read or refused with a place in it', () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    '{',
    '}',
    '<',
    '>',
    '[',
    ']',
    ',',
    ';',
    '"',
    "'",
    '\\',
    '-',
    '1',
    '#',
    '\n',
    ' ',
    'é',
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
      (text) => {
        try {
          parseTextFormat(text);
        } catch (caught) {
          const { at } = caught as { at?: { line: number; column: number } };
          assert.ok(at !== undefined, String(caught));
          const lines = text.split('\n');
          assert.ok(at.line >= 1 && at.line <= lines.length, `line ${at.line}`);
          assert.ok(
            at.column >= 1 && at.column <= (lines[at.line - 1] ?? '').length + 1,
            `column ${at.column}`,
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('places are those of the values, over comments, lines and a byte order mark', () => {
  const [a, b] = parseTextFormat('\uFEFFa: 1 # x\r\n\n  b { c:\n "t"\n }');
  assert.deepEqual(
    [a?.at, a?.value.at],
    [
      { line: 1, column: 1 },
      { line: 1, column: 4 },
    ],
  );
  assert.deepEqual(b?.at, { line: 3, column: 3 });
  const inner = b?.value.kind === 'message' ? b.value.fields[0] : undefined;
  assert.deepEqual(inner?.value.at, { line: 4, column: 2 });
});

test('texts, spaces and comments may be long', () => {
  const long = 'a'.repeat(5_000_000);
  const [field] = parseTextFormat(`${' '.repeat(5_000_000)}#${long}\ns: "${long}"`);
  assert.equal(field?.value.kind === 'text' && field.value.bytes.byteLength, long.length);
  assert.throws(() => parseTextFormat(`s: "${long}`), /does not end on this line/);
});

test('texts have the escapes of C and Unicode', () => {
  const [field] = parseTextFormat(String.raw`s: "\a\b\f\n\r\t\v\?\\\'\"" '\0\18\x4g\u00e9\U0001F600'`);
  const bytes = field?.value.kind === 'text' ? Buffer.from(field.value.bytes) : undefined;
  assert.equal(bytes?.toString('utf8'), '\u0007\b\f\n\r\t\v?\\\'"\0\u00018\u0004gé😀');
});
