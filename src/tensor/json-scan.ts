import { ServingError } from '../base/errors.ts';
import type { Segments } from './segments.ts';

/** Deeper nesting than this is refused: no tensor needs it, and it is how parsers are attacked. */
export const MAX_JSON_DEPTH = 100;
/** The shortest run of digits that may be more than a double holds. */
const LONG_NUMBER_DIGITS = 16;

const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What must be known of JSON text before it is decoded and parsed. */
export interface JsonScan {
  readonly isAscii: boolean;
  /** Whether it holds a number that the fast parser might round. */
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
      // Digits behind a point are a fraction's: only whole numbers need more than a double holds.
      digits = byte === POINT ? Number.NEGATIVE_INFINITY : 0;
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

export function tooDeep(): ServingError {
  return new ServingError(
    'MALFORMED',
    `JSON nesting depth exceeds maximum allowed limit (${MAX_JSON_DEPTH}); send tensor data flat, row-major`,
  );
}
