/** Fields of a request by their names in lower case, as every protocol of the gateway carries them. */
export type MetadataFields = Readonly<Record<string, string | string[] | undefined>>;

/** What is known of a call before its body is read. */
export interface CallMetadata {
  readonly fields: MetadataFields;
  /** undefined where the connection is already closed. */
  readonly remoteAddress: string | undefined;
}

/** The value of a field that is sent once; of one that is sent several times, the first. */
export function fieldIn(fields: MetadataFields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : value?.[0];
}
