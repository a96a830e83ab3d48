import { isAscii } from 'node:buffer';
import { ServingError } from '../base/errors.ts';
import { parseExactJson } from './exact-json.ts';
import { MAX_JSON_DEPTH, MAX_NUMBER_LENGTH, scanJson } from './json-scan.ts';
import { flatten, type Segments } from './segments.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** A text of this size cannot exceed the limits on lists, members and values. */
const SMALL_BYTES = 64 * 1024;
/** A number that the fast parser might round or turn into an infinity. */
const LARGE_NUMBER = /(?:^|[^.\d])\d{16}|[eE][+-]?\d{3}/;
const NUMBER_PART = /[\d.eE+-]*/y;

/**
 * Reads JSON from bytes: with the fast parser where it is exact, and with the exact parser for numbers beyond 2^53 and
 * the bare tokens NaN and Infinity. More than `maxValues` values are refused before parsing.
 */
export function readJson(bytes: Segments, maxValues?: number): unknown {
  const plain = maxValues === undefined ? plainText(bytes) : undefined;
  if (plain !== undefined) return parse(plain);
  const scan = scanJson(bytes, maxValues);
  const text = decode(flatten(bytes), scan.isAscii);
  return scan.hasLongNumbers ? parseExactJson(text) : parse(text);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseExactJson(text);
  }
}

/**
 * The text, if it is small and the scan of it would find nothing: searches of the engine are five times as fast as a look
 * at each byte.
 */
function plainText(bytes: Segments): string | undefined {
  if (bytes.byteLength > SMALL_BYTES) return undefined;
  const flat = flatten(bytes);
  if (!isAscii(flat)) return undefined;
  const text = decode(flat, true);
  if (!opensAtMost(text, MAX_JSON_DEPTH) || hasLongNumber(text)) return undefined;
  return LARGE_NUMBER.test(text) ? undefined : text;
}

/** Whether a number may be longer than allowed: such a number covers one of these places and half its length after it. */
function hasLongNumber(text: string): boolean {
  const stride = MAX_NUMBER_LENGTH / 2;
  for (let at = stride; at < text.length; at += stride) {
    NUMBER_PART.lastIndex = at;
    NUMBER_PART.test(text);
    if (NUMBER_PART.lastIndex - at >= stride) return true;
  }
  return false;
}

/** Whether so few lists and objects begin in the text, which then is not nested more deeply either. */
function opensAtMost(text: string, most: number): boolean {
  let count = 0;
  for (const open of ['[', '{']) {
    for (let at = text.indexOf(open); at >= 0; at = text.indexOf(open, at + 1)) {
      count += 1;
      if (count > most) return false;
    }
  }
  return true;
}

function decode(bytes: Uint8Array, isPlain: boolean): string {
  if (isPlain) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new ServingError('MALFORMED', 'malformed JSON: the body is not valid UTF-8');
  }
}
