/** Whether rows of different requests may share a batch, and why not. */
export type RowIndependence =
  /** Shown by warmup, or declared in the settings. */
  | { readonly kind: 'independent' | 'declared' }
  /** A row's answer depends on the rest of the batch. */
  | { readonly kind: 'dependent'; readonly why: string }
  /** Independence could not be shown. */
  | { readonly kind: 'unproven'; readonly why: string };

export function mayMerge({ kind }: RowIndependence): boolean {
  return kind === 'independent' || kind === 'declared';
}

/** The warning that requests run one by one, with the reason and the fix; undefined when they share batches. */
export function mergingWarning(result: RowIndependence): string | undefined {
  switch (result.kind) {
    case 'independent':
    case 'declared':
      return undefined;
    case 'dependent':
      return (
        `requests are not merged into batches because rows depend on each other: ${result.why}. ` +
        'If this is wrong, set batching.rows: independent'
      );
    case 'unproven':
      return (
        `requests are not merged into batches because rows are not shown to be independent: ${result.why}. ` +
        'Set warmup.sample to several different rows to show it, or set batching.rows: independent'
      );
  }
}
