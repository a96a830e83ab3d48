/** What a server says of the rows of a model. */
export interface RowsJudgement {
  /** Its own word; undefined where it says nothing of rows. */
  readonly word: string | undefined;
  /** Whether rows of several requests may share a batch. */
  readonly areMerged: boolean;
  /** Batches of callers and of practice so far. */
  readonly batches: number;
}

interface Version {
  readonly rows?: string;
  readonly rowsBecause?: string | null;
  readonly batching: { readonly maxBatchSize: number };
  readonly figures?: { readonly batches: Readonly<Record<string, number>> };
}

/** The only place that knows how the admin API tells it. */
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
