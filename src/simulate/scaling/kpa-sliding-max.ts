/** Values by index, ascending; only those of the last `size` indexes are kept. */
export type IndexedValues = readonly (readonly [index: number, value: number])[];

/** Adds a value; two of one index count as the larger. Indexes never fall. */
export function withValue(values: IndexedValues, size: number, index: number, value: number): IndexedValues {
  const kept = values.filter(([at]) => at !== index && index - at < size);
  const same = values.find(([at]) => at === index);
  return [...kept, [index, same === undefined ? value : Math.max(same[1], value)]];
}

/** -Infinity if there is no value. */
export function largestValue(values: IndexedValues): number {
  return values.reduce((most, [, value]) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}
