import { ServingError } from '../base/errors.ts';
import type { Segments } from './segments.ts';

/** Deepest nesting. No tensor needs more, and deep nesting is an attack on parsers. */
export const MAX_JSON_DEPTH = 100;
/** Longest number in characters. No datatype distinguishes longer ones, and parsing them takes quadratic time. */
export const MAX_NUMBER_LENGTH = 1_000;
/** Most lists in one text. Even an empty list takes about a hundred bytes of the parser's memory. */
const MAX_LISTS = 1_000_000;
/** Most objects and members in one text; they take more memory than lists. */
const MAX_MEMBERS = 250_000;
/** Most values in one text. The parser takes 8 bytes or more per value, the text as few as 2. */
const MAX_VALUES = 16 * 1024 * 1024;
/** The shortest run of digits that may exceed the exact range of a double. */
const LONG_NUMBER_DIGITS = 16;
/** An exponent of three digits may exceed a double too, so the digits after an e start from this count. */
const DIGITS_BEFORE_EXPONENT = LONG_NUMBER_DIGITS - 3;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What is learned of a JSON text before it is decoded and parsed. */
export interface JsonScan {
  readonly isAscii: boolean;
  /** Whether it contains a number that the fast parser might round or turn into an infinity. */
  readonly hasLongNumbers: boolean;
}

/**
 * Scans the bytes of a JSON text once, in chunks of any size, and refuses texts that are too expensive to parse: deep
 * nesting, long numbers, millions of empty lists. It stops at the first byte beyond a limit, so that refusing costs less
 * than sending. `maxValues` is the most values that the reader can use.
 */
export function scanJson({ chunks }: Segments, maxValues = Number.POSITIVE_INFINITY): JsonScan {
  const scan = new Scan(maxValues);
  for (const chunk of chunks) scan.read(chunk);
  return { isAscii: scan.isAscii, hasLongNumbers: scan.hasLongNumbers };
}

class Scan {
  isAscii = true;
  hasLongNumbers = false;
  readonly #maxValues: number;
  #isInString = false;
  #isEscaped = false;
  #depth = 0;
  #lists = 0;
  #members = 0;
  #commas = 0;
  #digits = 0;
  #numberLength = 0;

  constructor(maxValues: number) {
    this.#maxValues = maxValues;
  }

  read(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) at = this.#isInString ? this.#string(chunk, at) : this.#plain(chunk, at);
  }

  /** Reads up to the end of the string or of the chunk; returns the position. */
  #string(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte > 0x7f) this.isAscii = false;
      if (this.#isEscaped) {
        this.#isEscaped = false;
      } else if (byte === BACKSLASH) {
        this.#isEscaped = true;
      } else if (byte === QUOTE) {
        this.#isInString = false;
        return at + 1;
      }
    }
    return chunk.length;
  }

  /** Reads up to the next string or the end of the chunk; returns the position. */
  #plain(chunk: Uint8Array, from: number): number {
    let digits = this.#digits;
    let numberLength = this.#numberLength;
    let at = from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte >= ZERO && byte <= NINE) {
        digits += 1;
        numberLength += 1;
        if (digits >= LONG_NUMBER_DIGITS) this.hasLongNumbers = true;
        if (numberLength > MAX_NUMBER_LENGTH) throw tooLong();
        continue;
      }
      numberLength = isInNumber(byte) ? numberLength + 1 : 0;
      digits = digitsAfter(byte, digits);
      if (byte === QUOTE) break;
      this.#structure(byte);
    }
    this.#digits = digits;
    this.#numberLength = numberLength;
    if (at === chunk.length) return at;
    this.#isInString = true;
    return at + 1;
  }

  #structure(byte: number): void {
    if (byte === COMMA) {
      this.#commas += 1;
      // Each value but the first of a list or object follows a comma.
      if (this.#commas > this.#maxValues) throw moreThanWanted(this.#maxValues);
      if (this.#commas > MAX_VALUES) throw tooMany('values', MAX_VALUES);
    } else if (byte === OPEN_ARRAY) {
      this.#open();
      this.#lists += 1;
      if (this.#lists > MAX_LISTS) throw tooMany('lists', MAX_LISTS);
    } else if (byte === OPEN_OBJECT || byte === COLON) {
      if (byte === OPEN_OBJECT) this.#open();
      this.#members += 1;
      if (this.#members > MAX_MEMBERS) throw tooMany('objects and members', MAX_MEMBERS);
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      this.#depth -= 1;
    } else if (byte > 0x7f) {
      this.isAscii = false;
    }
  }

  #open(): void {
    this.#depth += 1;
    if (this.#depth > MAX_JSON_DEPTH) throw tooDeep();
  }
}

function isInNumber(byte: number): boolean {
  return byte === POINT || byte === MINUS || byte === PLUS || byte === LOWER_E || byte === UPPER_E;
}

/** The digit count after a byte that is not a digit. */
function digitsAfter(byte: number, digits: number): number {
  // Digits after a point are a fraction: only whole numbers can exceed the exact range of a double.
  if (byte === POINT) return Number.NEGATIVE_INFINITY;
  if (byte === LOWER_E || byte === UPPER_E) return DIGITS_BEFORE_EXPONENT;
  return byte === PLUS ? digits : 0;
}

export function tooDeep(): ServingError {
  return new ServingError(
    'MALFORMED',
    `JSON nesting depth exceeds maximum allowed limit (${MAX_JSON_DEPTH}); send tensor data flat, row-major`,
  );
}

function tooLong(): ServingError {
  return new ServingError(
    'MALFORMED',
    `malformed JSON: a number has more than ${MAX_NUMBER_LENGTH} characters, wanted a number of at most ${MAX_NUMBER_LENGTH} digits`,
  );
}

function tooMany(what: string, limit: number): ServingError {
  return new ServingError(
    'BODY_TOO_LARGE',
    `the JSON has more than ${limit} ${what}; send tensor data flat, or as binary data`,
  );
}

function moreThanWanted(limit: number): ServingError {
  return new ServingError(
    'INVALID_INPUT',
    `the JSON has more than ${limit} values, wanted at most as many as the largest request of this model has: send fewer rows`,
  );
}
