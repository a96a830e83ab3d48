import type { VersionInService } from '../version/version-in-service.ts';

/** A version that is still loaded, and the one that has replaced it. */
export interface Previous {
  readonly version: VersionInService;
  readonly successor: VersionInService;
}

/** The version of each model that was replaced last, where it stays loaded for a rollback. */
export class PreviousVersions {
  readonly #previous = new Map<string, Previous>();

  of(model: string): Previous | undefined {
    return this.#previous.get(model);
  }

  keep(previous: Previous): void {
    this.#previous.set(previous.version.spec.model, previous);
  }

  /** Returns whether the version was kept. */
  forget(version: VersionInService): boolean {
    if (this.#previous.get(version.spec.model)?.version !== version) return false;
    return this.#previous.delete(version.spec.model);
  }
}
