/** Whether rows of different requests may share a batch, and why not. */
export type RowIndependence =
  /** Shown by warmup, or declared in the settings. */
  | { readonly kind: 'independent' | 'declared' }
  /** Something in them depends on the batch. */
  | { readonly kind: 'dependent'; readonly why: string }
  /** It could not be shown. */
  | { readonly kind: 'unproven'; readonly why: string };

export function mayMerge({ kind }: RowIndependence): boolean {
  return kind === 'independent' || kind === 'declared';
}

/** What to tell the operator: that requests run one by one, why, and what to do about it; undefined where they share batches. */
export function mergingWarning(result: RowIndependence): string | undefined {
  switch (result.kind) {
    case 'independent':
    case 'declared':
      return undefined;
    case 'dependent':
      return (
        `requests are not merged into batches, since rows depend on each other: ${result.why}. ` +
        'If that is wrong, declare batching.rows: independent'
      );
    case 'unproven':
      return (
        `requests are not merged into batches, since rows are not shown to be independent: ${result.why}. ` +
        'Give warmup.sample several different rows to show it, or declare batching.rows: independent'
      );
  }
}
