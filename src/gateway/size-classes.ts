/** Below this nothing is kept: it would be worth nobody's while to ask for it back. */
const SMALLEST_LOG2 = 14;

/** Things by how large they are, to a power of two: finds one of the largest without looking at all. */
export class SizeClasses<T> {
  /** Made when they are needed: most holders never have anything that large. */
  readonly #classes: (Set<T> | undefined)[] = [];

  /** An item has grown or shrunk; 0 takes it out. */
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

  /** One of the largest, the first that came to its class; undefined when there is none of 16 KiB. */
  largest(): T | undefined {
    for (let index = this.#classes.length - 1; index >= 0; index--) {
      const [first] = this.#classes[index] ?? [];
      if (first !== undefined) return first;
    }
    return undefined;
  }
}

/** -1 where it is too small to be kept. */
function classOf(bytes: number): number {
  return bytes < 2 ** SMALLEST_LOG2 ? -1 : Math.floor(Math.log2(bytes)) - SMALLEST_LOG2;
}
