import { type LoadedConfig, mergeSettings } from '../config/load-config.ts';

type Raw = Readonly<Record<string, unknown>>;

/** What operators have changed of the models to serve, beside the settings and the files. */
export class DesiredModels {
  readonly #unloaded = new Set<string>();
  readonly #overrides = new Map<string, Raw>();
  #config: LoadedConfig;

  constructor(config: LoadedConfig) {
    this.#config = config;
  }

  /** The settings with what operators have changed. */
  get config(): LoadedConfig {
    return withOverrides(this.#config, this.#overrides);
  }

  /** Models that an operator has unloaded. */
  get unloaded(): ReadonlySet<string> {
    return this.#unloaded;
  }

  /** These settings, read again, with what operators have changed. */
  asRead(config: LoadedConfig): LoadedConfig {
    return withOverrides(config, this.#overrides);
  }

  /** The settings were read again: they apply to everything that no operator has changed. */
  read(config: LoadedConfig): void {
    this.#config = config;
  }

  unload(model: string): void {
    this.#unloaded.add(model);
  }

  /** `settings` override those of the files until the next load; undefined: those of the files apply. */
  load(model: string, settings?: Raw): void {
    this.#unloaded.delete(model);
    if (settings === undefined) this.#overrides.delete(model);
    else this.#overrides.set(model, settings);
  }

  /** The settings as they would be with these for one model. */
  asIf(model: string, settings: Raw): LoadedConfig {
    return withOverrides(this.#config, new Map([...this.#overrides, [model, settings]]));
  }
}

function withOverrides(config: LoadedConfig, overrides: ReadonlyMap<string, Raw>): LoadedConfig {
  if (overrides.size === 0) return config;
  const rawModels: Record<string, Raw> = { ...config.rawModels };
  for (const [model, settings] of overrides) {
    // Without settings of its own, a name need not be that of a model.
    if (Object.keys(settings).length === 0) continue;
    rawModels[model] = mergeSettings(rawModels[model] ?? {}, settings);
  }
  return { ...config, rawModels };
}
