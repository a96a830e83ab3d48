/**
 * Which versions call which. It has no circle: two versions that call each other would hold all their replicas and wait for
 * each other, even if no single request came round. So a chain of calls is no longer than the list of versions.
 */
export class CallGraph {
  readonly #calls = new Map<string, Set<string>>();

  /** Notes that a version calls another. Returns the circle that this would close, and then notes nothing. */
  add(from: string, to: string): readonly string[] | undefined {
    const known = this.#calls.get(from);
    if (known?.has(to) === true) return undefined;
    const back = this.#way(to, from, new Set());
    if (back !== undefined) return [from, ...back];
    this.#calls.set(from, (known ?? new Set()).add(to));
    return undefined;
  }

  /** A version has been replaced or has ended: what it called is unknown again. */
  forget(name: string): void {
    this.#calls.delete(name);
  }

  #way(from: string, to: string, seen: Set<string>): readonly string[] | undefined {
    if (from === to) return [from];
    seen.add(from);
    for (const next of this.#calls.get(from) ?? []) {
      const way = seen.has(next) ? undefined : this.#way(next, to, seen);
      if (way !== undefined) return [from, ...way];
    }
    return undefined;
  }
}
