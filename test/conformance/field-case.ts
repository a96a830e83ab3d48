import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseExactJson } from '../../src/tensor/exact-json.ts';

/** Where the cases lie: one folder each, with its models. */
export const FIELD = fileURLToPath(new URL('../../../test/conformance/field', import.meta.url));

/** What somebody's model or client did to a server, and what is right. */
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
  /** Bytes of all replicas. */
  | { readonly 'rss below': number }
  | { readonly cli: readonly string[]; readonly has: string }
  | { readonly node: string };

export interface FieldRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** The body as bytes. */
  readonly hex?: string;
  /** The whole request as it goes over the socket. */
  readonly raw?: string;
}

export interface RightAnswer {
  readonly status?: number | readonly number[];
  readonly has?: string;
  /** What the body ends with. */
  readonly hex?: string;
  readonly json?: unknown;
  /** Shape and data by name. */
  readonly outputs?: Readonly<Record<string, readonly [readonly number[], readonly unknown[]]>>;
  readonly tolerance?: number;
}

/** Whole numbers of 64 bits keep all their digits. */
export function readFieldCase(name: string): FieldCase {
  return parseExactJson(readFileSync(`${FIELD}/${name}/case.json`, 'utf8')) as FieldCase;
}

/** The reverse of reading: JSON with whole numbers of any length. */
export function exactText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${exactText(member)}`);
  return `{${members.join(',')}}`;
}
