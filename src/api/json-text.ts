import { ServingError } from '../base/errors.ts';
import { parseExactJson } from '../tensor/exact-json.ts';
import { scanJson } from '../tensor/json-scan.ts';
import { flatten, type Segments } from '../tensor/segments.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** A JSON object by its members; anything else has none. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses a request's JSON: with the fast parser where it loses nothing, with the exact one for numbers beyond
 * 2^53 and for the bare tokens NaN and Infinity.
 */
export function parseRequestJson(bytes: Segments): JsonObject {
  if (bytes.byteLength === 0)
    throw new ServingError('MALFORMED', 'the request body is empty, wanted a JSON object');
  const { isAscii, hasLongNumbers } = scanJson(bytes);
  const text = decode(flatten(bytes), isAscii);
  const value = hasLongNumbers ? parseExactJson(text) : parseFast(text);
  if (!isJsonObject(value)) {
    const came = Array.isArray(value) ? 'an array' : JSON.stringify(value)?.slice(0, 40);
    throw new ServingError('MALFORMED', `the request is ${came}, wanted a JSON object`);
  }
  return value;
}

function parseFast(text: string): unknown {
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
    throw new ServingError('MALFORMED', 'malformed JSON: the body is no UTF-8 text');
  }
}
