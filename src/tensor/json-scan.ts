import { ServingError } from '../base/errors.ts';
import type { Segments } from './segments.ts';

/** Deeper nesting than this is refused: no tensor needs it, and it is how parsers are attacked. */
export const MAX_JSON_DEPTH = 100;
/** The shortest run of digits that may be more than a double holds. */
const LONG_NUMBER_DIGITS = 16;
/** Three digits of an exponent may be beyond a double too: they count as if so many had come before. */
const DIGITS_BEFORE_EXPONENT = LONG_NUMBER_DIGITS - 3;

const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const PLUS = 0x2b;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What must be known of JSON text before it is decoded and parsed. */
export interface JsonScan {
  readonly isAscii: boolean;
  /** Whether it holds a number that the fast parser might round, or take for infinite. */
  readonly hasLongNumbers: boolean;
}

/**
 * Looks once over the bytes of a JSON text, wherever they lie. Refuses what is nested too deep before it is
 * parsed: a parser would first build what nobody will read, and a million empty arrays in a small body are a
 * hundred megabytes.
 */
export function scanJson({ chunks }: Segments): JsonScan {
  let depth = 0;
  let digits = 0;
  let isInString = false;
  let isEscaped = false;
  let isAscii = true;
  let hasLongNumbers = false;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte >= ZERO && byte <= NINE) {
        digits += 1;
        if (digits === LONG_NUMBER_DIGITS) hasLongNumbers = true;
        continue;
      }
      digits = digitsAfter(byte, digits);
      if (byte > 0x7f) isAscii = false;
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInString = false;
      } else if (byte === QUOTE) {
        isInString = true;
      } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
        depth += 1;
        if (depth > MAX_JSON_DEPTH) throw tooDeep();
      } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        depth -= 1;
      }
    }
  }
  return { isAscii, hasLongNumbers };
}

/** How many digits count as seen behind a byte that is none. */
function digitsAfter(byte: number, digits: number): number {
  // Digits behind a point are a fraction's: only whole numbers need more than a double holds.
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
