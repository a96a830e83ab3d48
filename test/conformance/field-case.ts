import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseExactJson } from '../../src/tensor/exact-json.ts';

/** The folder of the cases: one folder each, with its models. */
export const FIELD = fileURLToPath(new URL('../../../test/conformance/field', import.meta.url));

/** A model or client reported from the field, and the right behaviour of the server. */
export interface FieldCase {
  readonly title: string;
  /** Path below the models folder → file of the case; null makes a folder, `link:` a symbolic link. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly yaml?: string;
  readonly steps: readonly FieldStep[];
}

export interface Exchange {
  readonly request: FieldRequest;
  readonly right: RightAnswer;
}

export type FieldStep =
  | Exchange
  | { readonly together: readonly Exchange[] }
  /** Seconds. */
  | { readonly wait: number }
  | { readonly 'until ready': number }
  | { readonly replace: Readonly<Record<string, string>> }
  /** Memory of all replicas, in bytes. */
  | { readonly 'rss below': number }
  | { readonly cli: readonly string[]; readonly has: string }
  | { readonly node: string };

export interface FieldRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent unchanged, anything else as JSON. */
  readonly body?: unknown;
  /** The body as bytes. */
  readonly hex?: string;
  /** The whole request as raw bytes. */
  readonly raw?: string;
}

export interface RightAnswer {
  readonly status?: number | readonly number[];
  readonly has?: string;
  /** The end of the body. */
  readonly hex?: string;
  readonly json?: unknown;
  /** Shape and data by name. */
  readonly outputs?: Readonly<Record<string, readonly [readonly number[], readonly unknown[]]>>;
  readonly tolerance?: number;
}

/** Parses JSON; 64-bit integers keep all their digits. */
export function readFieldCase(name: string): FieldCase {
  return parseExactJson(readFileSync(`${FIELD}/${name}/case.json`, 'utf8')) as FieldCase;
}

/** Writes JSON with integers of any length. */
export function exactText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${exactText(member)}`);
  return `{${members.join(',')}}`;
}
