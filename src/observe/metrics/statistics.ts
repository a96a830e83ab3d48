import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { VersionStatistics } from './version-statistics.ts';

/** The totals of every registered version, which are dropped when the version is forgotten. */
export class Statistics {
  readonly #versions = new Map<VersionInService, VersionStatistics>();

  constructor(registry: ModelRegistry) {
    const watch = (version: VersionInService) => this.#versions.set(version, new VersionStatistics(version));
    for (const version of registry.all()) watch(version);
    registry.added.on(watch);
    registry.forgotten.on((version) => this.#versions.delete(version));
  }

  of(version: VersionInService): VersionStatistics | undefined {
    return this.#versions.get(version);
  }
}
