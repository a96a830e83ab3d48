/** Log2 of the least size that is tracked, in bytes: smaller items are not worth reclaiming. */
const SMALLEST_LOG2 = 14;

/** Items by the power of two of their size: finds one of the largest without a search. */
export class SizeClasses<T> {
  /** Created on demand: most holders never have an item that large. */
  readonly #classes: (Set<T> | undefined)[] = [];

  /** An item has grown or shrunk; 0 removes it. */
  moved(item: T, fromBytes: number, toBytes: number): void {
    const from = classOf(fromBytes);
    const to = classOf(toBytes);
    if (from === to) return;
    if (from >= 0) this.#classes[from]?.delete(item);
    if (to < 0) return;
    const into = this.#classes[to] ?? new Set();
    this.#classes[to] = into;
    into.add(item);
  }

  /** One of the largest, the first in its class; undefined when none has 16 KiB. */
  largest(): T | undefined {
    for (let index = this.#classes.length - 1; index >= 0; index--) {
      const [first] = this.#classes[index] ?? [];
      if (first !== undefined) return first;
    }
    return undefined;
  }
}

/** -1 where the size is too small to be tracked. */
function classOf(bytes: number): number {
  return bytes < 2 ** SMALLEST_LOG2 ? -1 : Math.floor(Math.log2(bytes)) - SMALLEST_LOG2;
}
