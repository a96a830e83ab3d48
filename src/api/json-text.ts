import { messageOf, ServingError } from '../base/errors.ts';
import { parseExactJson } from '../tensor/exact-json.ts';
import { checkJsonDepth } from '../tensor/json-depth.ts';
import { flatten, type Segments } from '../tensor/segments.ts';

const LONG_DIGITS = /\d{16}/;
const utf8 = new TextDecoder('utf-8', { fatal: true });

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
  checkJsonDepth(bytes);
  const text = decode(flatten(bytes));
  const value = LONG_DIGITS.test(text) ? parseExactJson(text) : parseFast(text);
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

function decode(bytes: Uint8Array): string {
  if (bytes.byteLength === 0) throw new ServingError('MALFORMED', 'the request body is empty, wanted a JSON object');
  try {
    return utf8.decode(bytes);
  } catch (caught) {
    throw new ServingError('MALFORMED', `the request is no UTF-8 text: ${messageOf(caught)}`);
  }
}
