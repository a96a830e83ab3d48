/** A server's result on the rows of a model. */
export interface RowsJudgement {
  /** The kind in the admin API; undefined when there is none. */
  readonly word: string | undefined;
  /** Whether rows of several requests may share a batch. */
  readonly areMerged: boolean;
  /** Batches of callers and of warmup so far. */
  readonly batches: number;
}

interface Version {
  readonly rows?: string;
  readonly rowsBecause?: string | null;
  readonly batching: { readonly maxBatchSize: number };
  readonly figures?: { readonly batches: Readonly<Record<string, number>> };
}

/** The only place that knows the format of the admin API. */
export async function rowsJudgement(url: string, model: string): Promise<RowsJudgement> {
  const response = await fetch(`${url}/admin/models/${encodeURIComponent(model)}`);
  const { versions } = (await response.json()) as { versions: readonly Version[] };
  const [version] = versions;
  if (version === undefined) throw new Error(`'${model}' has no version: ${response.status}`);
  const word = version.rows;
  const why = version.rowsBecause ?? undefined;
  const areMerged =
    word === undefined ? version.batching.maxBatchSize > 1 : word === 'independent' || word === 'declared';
  const counts = Object.values(version.figures?.batches ?? {});
  return {
    word: why === undefined ? word : `${word}: ${why}`,
    areMerged,
    batches: counts.reduce((sum, count) => sum + count, 0),
  };
}
