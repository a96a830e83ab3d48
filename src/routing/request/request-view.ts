import type { InferenceRequest } from '../../model/inference.ts';

/** Header fields by lower-case name. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a route knows of a request. */
export interface RequestView {
  /** The name that was called. */
  readonly name: string;
  readonly fields: HeaderFields;
  readonly tenant: string;
  /** The version in the path; undefined when there is none. */
  readonly version: string | undefined;
  /** undefined until the body is read. */
  readonly request: InferenceRequest | undefined;
}

/** A header field; the first if it was sent several times. */
export function headerOf({ fields }: RequestView, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' || value === undefined ? value : value[0];
}
