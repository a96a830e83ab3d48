import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import { byVersion, versionNamed } from '../../model/model-version.ts';
import type { VersionInService } from '../version/version-in-service.ts';

/** What a label stands for. */
interface Labelled {
  readonly version: string;
  /** What it stood for before, and does until its version is served. */
  readonly before: string | undefined;
}

/** The models and versions that the server knows, by name. */
export class ModelRegistry {
  readonly added = new Event<VersionInService>();
  /** A version has ended and was removed. */
  readonly forgotten = new Event<VersionInService>();
  readonly #models = new Map<string, Map<string, VersionInService>>();
  /** The versions of a model in ascending order; missing where they have changed since they were asked for. */
  readonly #rising = new Map<string, readonly VersionInService[]>();
  readonly #labels = new Map<string, ReadonlyMap<string, Labelled>>();
  /** Versions that were replaced or removed and still finish their requests. */
  readonly #leaving = new Set<VersionInService>();

  /** Adds a version. Returns the version of the same name and number that it replaces, if there is one. */
  add(version: VersionInService): VersionInService | undefined {
    const { model } = version.spec;
    const versions = this.#models.get(model) ?? new Map<string, VersionInService>();
    const before = versions.get(version.spec.version);
    this.#models.set(model, versions.set(version.spec.version, version));
    this.#rising.delete(model);
    if (before !== undefined) this.#leaving.add(before);
    // A version that comes back is no new one.
    if (!this.#leaving.delete(version)) this.added.emit(version);
    return before;
  }

  /** Removes a version from the lookup; it counts as draining until {@link forget}. */
  remove(version: VersionInService): void {
    const versions = this.#models.get(version.spec.model);
    if (versions?.get(version.spec.version) === version) versions.delete(version.spec.version);
    if (versions?.size === 0) this.#models.delete(version.spec.model);
    this.#rising.delete(version.spec.model);
    this.#leaving.add(version);
  }

  /**
   * Names versions of a model: requests may use a label in place of the number. A label that moves to a version that is not
   * served yet moves when that is served.
   */
  label(model: string, labels: ModelSettings['labels']): void {
    const named = Object.entries(labels).map(([label, version]) => {
      return [label, { version: String(version), before: this.#labelled(model, label) }] as const;
    });
    this.#labels.set(model, new Map(named));
  }

  /** To be called when a draining version has ended. */
  forget(version: VersionInService): void {
    this.#leaving.delete(version);
    this.forgotten.emit(version);
  }

  models(): string[] {
    return [...this.#models.keys()];
  }

  /** All versions that are not draining. */
  all(): VersionInService[] {
    return [...this.#models.values()].flatMap((versions) => [...versions.values()]);
  }

  /** Versions that were replaced or removed and still finish their requests. */
  draining(): VersionInService[] {
    return [...this.#leaving];
  }

  /** In ascending order. */
  versionsOf(model: string): readonly VersionInService[] {
    const known = this.#rising.get(model);
    if (known !== undefined) return known;
    const versions = this.#models.get(model);
    if (versions === undefined) return [];
    const rising = [...versions.values()].sort((a, b) => byVersion(a.spec.version, b.spec.version));
    this.#rising.set(model, rising);
    return rising;
  }

  /** The requested version; without one, the highest ready version, else the highest. */
  find(model: string, version: string | undefined): VersionInService | Refusal {
    const versions = this.#models.get(model);
    if (versions === undefined) {
      const known = this.models().join(', ') || 'none';
      return refuse(
        'MODEL_UNKNOWN',
        `Request for unknown model: '${model.slice(0, 100)}' is not found; available models: ${known}`,
      );
    }
    if (version !== undefined) {
      const found = versions.get(version) ?? versions.get(this.#numberOf(model, version));
      if (found !== undefined) return found;
      const labels = [...(this.#labels.get(model)?.keys() ?? [])];
      const known = [...versions.keys(), ...labels].join(', ');
      return refuse(
        'VERSION_UNKNOWN',
        `Request for unknown model: '${model}' version ${version} is not found; available versions: ${known}`,
      );
    }
    const rising = this.versionsOf(model);
    const [only] = rising;
    // A single version is returned whatever its state.
    if (rising.length === 1 && only !== undefined) return only;
    return rising.findLast(({ isReady }) => isReady) ?? (rising.at(-1) as VersionInService);
  }

  /** The number that a label or a number with leading zeros stands for. */
  #numberOf(model: string, version: string): string {
    return this.#labelled(model, version) ?? versionNamed(version) ?? version;
  }

  #labelled(model: string, label: string): string | undefined {
    const { version, before } = this.#labels.get(model)?.get(label) ?? {};
    if (version === undefined || this.#models.get(model)?.has(version) === true) return version;
    return before ?? version;
  }
}
