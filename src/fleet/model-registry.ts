import { type Refusal, refuse } from '../base/errors.ts';
import type { VersionInService } from './version-in-service.ts';

/** Which versions of which models there are. */
export class ModelRegistry {
  readonly #models = new Map<string, Map<string, VersionInService>>();

  add(version: VersionInService): void {
    const { model } = version.spec;
    const versions = this.#models.get(model) ?? new Map<string, VersionInService>();
    this.#models.set(model, versions.set(version.spec.version, version));
  }

  models(): string[] {
    return [...this.#models.keys()];
  }

  all(): VersionInService[] {
    return [...this.#models.values()].flatMap((versions) => [...versions.values()]);
  }

  /** By rising number. */
  versionsOf(model: string): VersionInService[] {
    const versions = [...(this.#models.get(model)?.values() ?? [])];
    return versions.sort((a, b) => Number(a.spec.version) - Number(b.spec.version));
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
      const found = versions.get(version);
      if (found !== undefined) return found;
      return refuse(
        'VERSION_UNKNOWN',
        `Request for unknown model: '${model}' version ${version} is not found; versions here: ${[...versions.keys()].join(', ')}`,
      );
    }
    const rising = this.versionsOf(model);
    return rising.findLast(({ isReady }) => isReady) ?? (rising.at(-1) as VersionInService);
  }
}
