import { ServingError } from '../base/errors.ts';
import { parseExactJson } from './exact-json.ts';
import { scanJson } from './json-scan.ts';
import { flatten, type Segments } from './segments.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads JSON from bytes: with the fast parser where it is exact, and with the exact parser for numbers beyond 2^53 and
 * the bare tokens NaN and Infinity. More than `maxValues` values are refused before parsing.
 */
export function readJson(bytes: Segments, maxValues?: number): unknown {
  const { isAscii, hasLongNumbers } = scanJson(bytes, maxValues);
  const text = decode(flatten(bytes), isAscii);
  if (hasLongNumbers) return parseExactJson(text);
  try {
    return JSON.parse(text);
  } catch {
    return parseExactJson(text);
  }
}

function decode(bytes: Uint8Array, isAscii: boolean): string {
  if (isAscii) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new ServingError('MALFORMED', 'malformed JSON: the body is not valid UTF-8');
  }
}
