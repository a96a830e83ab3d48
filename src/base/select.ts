/** As `filter`, but returns the list itself when all items pass. On the hot path mostly all do, and nothing is allocated. */
export function select<T>(items: readonly T[], passes: (item: T) => boolean): readonly T[] {
  for (const item of items) if (!passes(item)) return items.filter(passes);
  return items;
}
