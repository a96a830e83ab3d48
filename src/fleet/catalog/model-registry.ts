import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { byVersion, versionNamed } from '../../model/model-version.ts';
import type { VersionInService } from '../version/version-in-service.ts';

/** Which versions of which models there are. */
export class ModelRegistry {
  readonly added = new Event<VersionInService>();
  /** A version has ended and is no longer known. */
  readonly forgotten = new Event<VersionInService>();
  readonly #models = new Map<string, Map<string, VersionInService>>();
  /** Versions that were replaced or removed and still finish what they had. */
  readonly #leaving = new Set<VersionInService>();

  /** Takes the place of a version under the same name and number, if there is one; that one is returned. */
  add(version: VersionInService): VersionInService | undefined {
    const { model } = version.spec;
    const versions = this.#models.get(model) ?? new Map<string, VersionInService>();
    const before = versions.get(version.spec.version);
    this.#models.set(model, versions.set(version.spec.version, version));
    if (before !== undefined) this.#leaving.add(before);
    this.added.emit(version);
    return before;
  }

  /** From now on nobody finds it; it is kept among those that leave. */
  remove(version: VersionInService): void {
    const versions = this.#models.get(version.spec.model);
    if (versions?.get(version.spec.version) === version) versions.delete(version.spec.version);
    if (versions?.size === 0) this.#models.delete(version.spec.model);
    this.#leaving.add(version);
  }

  /** It has ended. */
  forget(version: VersionInService): void {
    this.#leaving.delete(version);
    this.forgotten.emit(version);
  }

  models(): string[] {
    return [...this.#models.keys()];
  }

  /** Versions that serve, or will. */
  all(): VersionInService[] {
    return [...this.#models.values()].flatMap((versions) => [...versions.values()]);
  }

  /** Versions that have been replaced and still finish what they had. */
  draining(): VersionInService[] {
    return [...this.#leaving];
  }

  /** By rising number. */
  versionsOf(model: string): VersionInService[] {
    const versions = [...(this.#models.get(model)?.values() ?? [])];
    return versions.sort((a, b) => byVersion(a.spec.version, b.spec.version));
  }

  /** The version asked for; without one, the highest that is ready, or else the highest. */
  find(model: string, version: string | undefined): VersionInService | Refusal {
    const versions = this.#models.get(model);
    if (versions === undefined) {
      const known = this.models().join(', ') || 'none';
      return refuse(
        'MODEL_UNKNOWN',
        `Request for unknown model: '${model.slice(0, 100)}' is not found; models here: ${known}`,
      );
    }
    if (version !== undefined) {
      const found = versions.get(versionNamed(version) ?? version);
      if (found !== undefined) return found;
      return refuse(
        'VERSION_UNKNOWN',
        `Request for unknown model: '${model}' version ${version} is not found; versions here: ${[...versions.keys()].join(', ')}`,
      );
    }
    // The usual case, and on the way of every request: one version, whatever state it is in.
    const [only] = versions.values();
    if (versions.size === 1 && only !== undefined) return only;
    const rising = this.versionsOf(model);
    return rising.findLast(({ isReady }) => isReady) ?? (rising.at(-1) as VersionInService);
  }
}
