/**
 * An operator that scales numbers by the largest one of the batch, so that a row depends on the rows of other
 * callers.
 */
export function crossRowOperator(opTypes: Iterable<string>): string | undefined {
  for (const opType of opTypes) {
    const name = opType.slice(opType.indexOf(':') + 1);
    if (name.startsWith('DynamicQuantize')) {
      return `the model is quantized dynamically (${name}), which scales all rows of a batch by its largest number`;
    }
  }
  return undefined;
}
