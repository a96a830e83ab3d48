import { ServingError } from '../../base/errors.ts';
import { readJson } from '../../tensor/read-json.ts';
import type { Segments } from '../../tensor/segments.ts';

/** The members of a JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a request's JSON, which must be an object. */
export function parseRequestJson(bytes: Segments, maxValues?: number): JsonObject {
  if (bytes.byteLength === 0)
    throw new ServingError('MALFORMED', 'the request body is empty, wanted a JSON object');
  const value = readJson(bytes, maxValues);
  if (isJsonObject(value)) return value;
  throw new ServingError(
    'MALFORMED',
    `the request is ${value === null ? 'null' : shown(value)}, wanted a JSON object`,
  );
}

/** The value of a member; undefined for null, which many clients write for an absent member. */
export function present(value: unknown): unknown {
  return value ?? undefined;
}

/** A value of a request as text for an error message, at most 60 characters of it. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'missing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value).slice(0, 60);
}

export function invalid(message: string): ServingError {
  return new ServingError('INVALID_INPUT', message);
}

export function malformed(message: string): ServingError {
  return new ServingError('MALFORMED', message);
}
