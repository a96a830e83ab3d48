import { type Place, TextFormatError } from './place.ts';

/** The smallest parts of a text; `end` stands after the last one. */
export interface Token {
  readonly kind: 'name' | 'number' | 'text' | 'symbol' | 'end';
  /** As written; a text without its quotes. */
  readonly raw: string;
  readonly at: Place;
}

/** Spaces, or the rest of a line from `#`. */
const SPACE = /[ \t\r\n\v\f]+|#[^\n]*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Anything that begins like a number, so that a wrong one is reported whole. */
const NUMBER = /(?:\d|\.\d)(?:[eE][+-]|[A-Za-z0-9_.])*/y;
const SYMBOL = /[{}<>[\]:,;-]/y;
const INTEGER = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/;
const FLOAT = /^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?$/;

/** Splits a text into tokens. Throws a TextFormatError at the first character that begins none. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let [line, lineStart, at] = [1, 0, 0];
  const here = (offset: number): Place => ({ line, column: offset - lineStart + 1 });
  for (;;) {
    const from = at;
    at = skip(text, at);
    for (let end = text.indexOf('\n', from); end >= 0 && end < at; end = text.indexOf('\n', end + 1)) {
      line += 1;
      lineStart = end + 1;
    }
    if (at >= text.length) return [...tokens, { kind: 'end', raw: '', at: here(at) }];
    const token = tokenAt(text, at, here(at));
    tokens.push(token);
    at += token.raw.length + (token.kind === 'text' ? 2 : 0);
  }
}

function skip(text: string, from: number): number {
  let at = from;
  for (;;) {
    SPACE.lastIndex = at;
    if (!SPACE.test(text)) return at;
    at = SPACE.lastIndex;
  }
}

/** What stands between the quotes that begin at `from`; undefined when they do not end on this line. */
function quotedAt(text: string, from: number): string | undefined {
  const quote = text[from];
  for (let at = from + 1; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === quote) return text.slice(from + 1, at);
    if (text[at] === '\\' && text[at + 1] !== '\n') at += 1;
  }
  return undefined;
}

function tokenAt(text: string, offset: number, at: Place): Token {
  const match = (pattern: RegExp) => {
    pattern.lastIndex = offset;
    return pattern.exec(text);
  };
  const name = match(NAME);
  if (name !== null) return { kind: 'name', raw: name[0], at };
  const number = match(NUMBER);
  if (number !== null) {
    const [raw] = number;
    if (INTEGER.test(raw) || (FLOAT.test(raw) && !/^0\d+$/.test(raw))) return { kind: 'number', raw, at };
    throw new TextFormatError(at, `'${raw}' is not a number`);
  }
  const isQuote = text[offset] === '"' || text[offset] === "'";
  const quoted = isQuote ? quotedAt(text, offset) : undefined;
  if (quoted !== undefined) return { kind: 'text', raw: quoted, at };
  const symbol = match(SYMBOL);
  if (symbol !== null) return { kind: 'symbol', raw: symbol[0], at };
  const came = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  const why = isQuote
    ? `a text begins with ${came} and does not end on this line: add the closing quote`
    : `unexpected character ${JSON.stringify(came)}: put texts in quotes`;
  throw new TextFormatError(at, why);
}

/** The value of an integer in decimal, hexadecimal or octal; undefined for a float. */
export function integerOf(raw: string): bigint | undefined {
  if (!INTEGER.test(raw)) return undefined;
  return BigInt(/^0\d/.test(raw) ? `0o${raw.slice(1)}` : raw);
}
