import { type LoadedConfig, mergeSettings } from '../../config/load-config.ts';
import type { LoadOverrides } from '../../gateway/model-commands.ts';

type Raw = Readonly<Record<string, unknown>>;

/** Versions to serve in place of those that the settings choose; undefined: those of the settings. */
type ChosenVersions = readonly string[] | 'all' | undefined;

/** What an operator changes of one model: how it is loaded, or which versions of it are served. */
export type ModelChange = { readonly overrides: LoadOverrides } | { readonly versions: ChosenVersions };

/** What operators have changed of one model so far. */
interface Changed {
  readonly overrides: LoadOverrides;
  readonly versions: ChosenVersions;
}

/** What operators have changed of the models to serve, beside the settings and the files. */
export class DesiredModels {
  readonly #unloaded = new Set<string>();
  readonly #changed = new Map<string, Changed>();
  #config: LoadedConfig;

  constructor(config: LoadedConfig) {
    this.#config = config;
  }

  /** The settings with what operators have changed. */
  get config(): LoadedConfig {
    return withChanges(this.#config, this.#changed);
  }

  /** Models that an operator has unloaded. */
  get unloaded(): ReadonlySet<string> {
    return this.#unloaded;
  }

  /** These settings, read again, with what operators have changed. */
  asRead(config: LoadedConfig): LoadedConfig {
    return withChanges(config, this.#changed);
  }

  /** The settings were read again: they apply to everything that no operator has changed. */
  read(config: LoadedConfig): void {
    this.#config = config;
  }

  unload(model: string): void {
    this.#unloaded.add(model);
  }

  /**
   * A model that was unloaded is desired again. Overrides last until the next load, which takes back chosen versions too;
   * without any, what the files say applies.
   */
  change(model: string, change: ModelChange): void {
    this.#unloaded.delete(model);
    this.#changed.set(model, this.#after(model, change));
  }

  /** The settings as they would be after a change. */
  asIf(model: string, change: ModelChange): LoadedConfig {
    return withChanges(this.#config, new Map([...this.#changed, [model, this.#after(model, change)]]));
  }

  #after(model: string, change: ModelChange): Changed {
    if ('overrides' in change) return { overrides: change.overrides, versions: undefined };
    return { overrides: this.#changed.get(model)?.overrides ?? {}, versions: change.versions };
  }
}

function withChanges(config: LoadedConfig, changed: ReadonlyMap<string, Changed>): LoadedConfig {
  const rawModels: Record<string, Raw> = { ...config.rawModels };
  const replaced = new Set<string>();
  for (const [model, { overrides, versions }] of changed) {
    const { settings = {}, config: triton } = overrides;
    if (triton !== undefined) replaced.add(model);
    const loaded = mergeSettings(triton?.settings ?? {}, settings);
    const own = versions === undefined ? loaded : mergeSettings(loaded, { versions });
    // Without settings of its own, a name need not be that of a model.
    if (Object.keys(own).length === 0) continue;
    rawModels[model] = mergeSettings(rawModels[model] ?? {}, own);
  }
  return { ...config, rawModels, withoutConfig: replaced };
}
