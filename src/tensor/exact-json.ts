import { ServingError } from '../base/errors.ts';
import { MAX_JSON_DEPTH, MAX_NUMBER_LENGTH, tooDeep } from './json-scan.ts';

/**
 * Reads JSON that `JSON.parse` would not read exactly: integers beyond 2^53 become BigInt, and the bare tokens NaN,
 * Infinity and -Infinity, which clients of the protocol send, become numbers. Slower than `JSON.parse`, so it is used only
 * where needed.
 */
export function parseExactJson(text: string): unknown {
  return new ExactReader(text).document();
}

const LITERALS: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];
/** Integers of up to this many digits are exact as a double. */
const SAFE_DIGITS = 15;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected('the end');
    return value;
  }

  #value(depth: number): unknown {
    if (depth > MAX_JSON_DEPTH) throw tooDeep();
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    if (digitAt(this.#text, this.#at) >= 0) return this.#shortNumber() ?? this.#number();
    for (const [literal, value] of LITERALS) {
      if (this.#text.startsWith(literal, this.#at)) {
        this.#at += literal.length;
        return value;
      }
    }
    return this.#number();
  }

  /** Fast path for a short whole number; undefined for everything else. */
  #shortNumber(): number | undefined {
    let value = 0;
    let at = this.#at;
    for (let digit = digitAt(this.#text, at); digit >= 0; digit = digitAt(this.#text, ++at)) {
      value = 10 * value + digit;
    }
    const length = at - this.#at;
    const hasLeadingZero = length > 1 && this.#text[this.#at] === '0';
    if (length > SAFE_DIGITS || hasLeadingZero) return undefined;
    const next = this.#text[at];
    if (next === '.' || next === 'e' || next === 'E') return undefined;
    this.#at = at;
    return value;
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#at += 1;
    if (this.#takes('}')) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('a member name in quotes');
      const name = this.#string();
      if (!this.#takes(':')) throw this.#unexpected("':'");
      const value = this.#value(depth + 1);
      // Assignment to __proto__ would change the object's prototype instead of adding a member.
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    } while (this.#takes(','));
    if (!this.#takes('}')) throw this.#unexpected("',' or '}'");
    return object;
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    this.#at += 1;
    if (this.#takes(']')) return array;
    do array.push(this.#value(depth + 1));
    while (this.#takes(','));
    if (!this.#takes(']')) throw this.#unexpected("',' or ']'");
    return array;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && isEscaped(this.#text, end)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) throw this.#unexpected('a terminated string');
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch {
      this.#at = start;
      throw this.#unexpected('a string without raw control characters or unknown escapes');
    }
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw this.#unexpected('a value');
    const [text, fraction, exponent] = match;
    const number = Number(text);
    const isInteger = fraction === undefined && exponent === undefined;
    if (isInteger ? text.length > MAX_NUMBER_LENGTH : !Number.isFinite(number)) {
      throw this.#unexpected(
        isInteger ? `a number of at most ${MAX_NUMBER_LENGTH} digits` : 'a number up to 1.8e308',
      );
    }
    this.#at = NUMBER.lastIndex;
    return isInteger && !Number.isSafeInteger(number) ? BigInt(text) : number;
  }

  #takes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  #unexpected(wanted: string): ServingError {
    const came =
      this.#at < this.#text.length ? JSON.stringify(this.#text.slice(this.#at, this.#at + 12)) : 'the end';
    return new ServingError(
      'MALFORMED',
      `malformed JSON at character ${this.#at}: wanted ${wanted}, got ${came}`,
    );
  }
}

/**
 * Writes JSON that `parseExactJson` reads to the same values: every digit of a BigInt, NaN and the infinities as bare
 * tokens, the sign of -0. Undefined members are left out. An `indent` above 0 writes several lines.
 */
export function writeExactJson(value: unknown, indent = 0): string {
  return write(value, indent, '\n');
}

function write(value: unknown, indent: number, line: string): string {
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const inner = line + ' '.repeat(indent);
  if (Array.isArray(value)) {
    return spread(
      '[]',
      value.map((item) => write(item, indent, inner)),
      indent,
      line,
    );
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const separator = indent > 0 ? ': ' : ':';
  const written = members.map(
    ([name, member]) => JSON.stringify(name) + separator + write(member, indent, inner),
  );
  return spread('{}', written, indent, line);
}

function spread(brackets: string, items: readonly string[], indent: number, line: string): string {
  const [open = '', close = ''] = brackets;
  if (indent === 0 || items.length === 0) return open + items.join(',') + close;
  const inner = line + ' '.repeat(indent);
  return open + inner + items.join(`,${inner}`) + line + close;
}

/** With an exponent where a whole number beyond 2^53 would otherwise be read as a BigInt. */
function writeNumber(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

/** -1 when there is none. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b && code !== 0x0c);
}

/** A quote after an odd number of backslashes is part of the string. */
function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before -= 1;
  return (quote - before) % 2 === 0;
}
