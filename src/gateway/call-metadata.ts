/** Fields of a request by lower-case name, the form that every protocol of the gateway uses. */
export type MetadataFields = Readonly<Record<string, string | string[] | undefined>>;

/** What is known of a call before its body is read. */
export interface CallMetadata {
  readonly fields: MetadataFields;
  /** undefined where the connection is already closed. */
  readonly remoteAddress: string | undefined;
  /** How long it may have waited before the server looked at it, in ms. */
  readonly delayMs: number;
}

/** The value of a field that is expected once; the first if it is sent several times. */
export function fieldIn(fields: MetadataFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : value?.[0];
}
