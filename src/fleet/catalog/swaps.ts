import type { Clock } from '../../base/clock.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import type { ModelRegistry } from './model-registry.ts';
import { Swap, type Swapped } from './swap.ts';

/** The swaps in progress. */
export class Swaps {
  readonly #clock: Clock;
  readonly #registry: ModelRegistry;
  readonly #underWay = new Set<Swap>();

  constructor(clock: Clock, registry: ModelRegistry) {
    this.#clock = clock;
    this.#registry = registry;
  }

  /** Replaces an old version with a new one; `ended` is called once, unless the server stops before. */
  begin(
    versions: { readonly old: VersionInService; readonly new: VersionInService },
    graceMs: number,
    ended: (result: Swapped) => void,
  ): void {
    const swap = new Swap(this.#clock, this.#registry, versions, graceMs);
    this.#underWay.add(swap);
    swap.ended.on((result) => {
      this.#underWay.delete(swap);
      ended(result);
    });
    swap.start();
  }

  /** Cancels all swaps. Returns their new versions, which are in no registry: the caller must stop them too. */
  stop(): VersionInService[] {
    const replacements = [...this.#underWay].map((swap) => {
      swap.stop();
      return swap.replacement;
    });
    this.#underWay.clear();
    return replacements;
  }
}
