import { ServingError } from '../base/errors.ts';
import type { Segments } from './segments.ts';

/** Deeper nesting than this is refused: no tensor needs it, and it is how parsers are attacked. */
export const MAX_JSON_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Refuses text nested too deep before it is parsed: a parser would first build what nobody will read, and a
 * million empty arrays in a small body are a hundred megabytes.
 */
export function checkJsonDepth({ chunks, byteLength }: Segments): void {
  if (byteLength <= MAX_JSON_DEPTH) return;
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at++) {
      const byte = chunk[at];
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
}

export function tooDeep(): ServingError {
  return new ServingError(
    'MALFORMED',
    `JSON nesting depth exceeds maximum allowed limit (${MAX_JSON_DEPTH}); send tensor data flat, row-major`,
  );
}
