import { type LoadedConfig, mergeSettings } from '../../config/load-config.ts';
import type { LoadOverrides } from '../../gateway/model-commands.ts';

type Raw = Readonly<Record<string, unknown>>;

/** What operators have changed of the models to serve, beside the settings and the files. */
export class DesiredModels {
  readonly #unloaded = new Set<string>();
  readonly #overrides = new Map<string, LoadOverrides>();
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

  /** The overrides apply until the next load; without any, what the files say applies. */
  load(model: string, overrides: LoadOverrides): void {
    this.#unloaded.delete(model);
    this.#overrides.set(model, overrides);
  }

  /** The settings as they would be with these overrides of one model. */
  asIf(model: string, overrides: LoadOverrides): LoadedConfig {
    return withOverrides(this.#config, new Map([...this.#overrides, [model, overrides]]));
  }
}

function withOverrides(config: LoadedConfig, overrides: ReadonlyMap<string, LoadOverrides>): LoadedConfig {
  const rawModels: Record<string, Raw> = { ...config.rawModels };
  const replaced = new Set<string>();
  for (const [model, { settings = {}, config: triton }] of overrides) {
    if (triton !== undefined) replaced.add(model);
    const own = mergeSettings(triton?.settings ?? {}, settings);
    // Without settings of its own, a name need not be that of a model.
    if (Object.keys(own).length === 0) continue;
    rawModels[model] = mergeSettings(rawModels[model] ?? {}, own);
  }
  return { ...config, rawModels, withoutConfig: replaced };
}
