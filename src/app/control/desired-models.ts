import { type LoadedConfig, mergeSettings } from '../../config/load-config.ts';
import type { LoadOverrides } from '../../gateway/model-commands.ts';

type Raw = Readonly<Record<string, unknown>>;

/** What operators have changed of one model. */
export interface ModelChanges {
  /** How it is loaded. */
  readonly overrides: LoadOverrides;
  /** The versions to serve in place of those that overrides and settings choose; undefined: those. */
  readonly versions: readonly string[] | 'all' | undefined;
}

const UNCHANGED: ModelChanges = { overrides: {}, versions: undefined };

/** What operators have changed of the models to serve, beside the settings and the files. */
export class DesiredModels {
  readonly #unloaded = new Set<string>();
  readonly #changed = new Map<string, ModelChanges>();
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

  /** What operators have changed of a model so far. */
  of(model: string): ModelChanges {
    return this.#changed.get(model) ?? UNCHANGED;
  }

  unload(model: string): void {
    this.#unloaded.add(model);
  }

  /** A model that was unloaded is desired again. */
  change(model: string, to: ModelChanges): void {
    this.#unloaded.delete(model);
    this.#changed.set(model, to);
  }

  /** The settings as they would be after a change. */
  asIf(model: string, to: ModelChanges): LoadedConfig {
    return withChanges(this.#config, new Map([...this.#changed, [model, to]]));
  }
}

function withChanges(config: LoadedConfig, changed: ReadonlyMap<string, ModelChanges>): LoadedConfig {
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
