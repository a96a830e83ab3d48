import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DISK, lookAt } from '../base/disk.ts';
import { explainIssues } from './explain-issues.ts';
import { type SchemaNode, schemaAt, settingsSchema } from './json-schema.ts';
import { ModelSettings } from './model-settings.ts';
import { parseYaml } from './parse-yaml.ts';
import { idleSettings } from './pipeline-settings.ts';
import { ServerSettings } from './server-settings.ts';
import { SettingsError } from './settings-problem.ts';

type Raw = Readonly<Record<string, unknown>>;

/** The server settings, and the raw settings from which those of each model are completed. */
export interface LoadedConfig {
  readonly server: ServerSettings;
  /** The settings file, or another name for where the settings come from. */
  readonly source: string;
  /** Base folder of relative paths in the settings. */
  readonly directory: string;
  /** Folder of models, absolute; undefined when all models are named by path. */
  readonly repository: string | undefined;
  /** Settings of each model named in the file, not yet validated per model. */
  readonly rawModels: Readonly<Record<string, Raw>>;
  readonly rawDefaults: Raw;
  /** Models whose config.pbtxt has been replaced. */
  readonly withoutConfig?: ReadonlySet<string>;
}

const SETTINGS_FILE = 'galley.yaml';
/** Only one of them may exist: with both, precedence would be unclear. */
const SETTINGS_FILES = [SETTINGS_FILE, 'galley.yml'];
const MODELS_FOLDER = 'models';

/**
 * Reads settings from a file, or from a folder that holds galley.yaml or only models.
 * `overrides` (flags, environment) take precedence over the file. Throws a SettingsError that lists every problem.
 */
export function loadConfig(fileOrFolder: string, overrides: Raw = {}): LoadedConfig {
  const { file, directory, raw } = readSettings(fileOrFolder);
  // Checked alone first, so that a problem in the overrides is not reported for the file.
  completeConfig('flags or environment', directory, overrides);
  return completeConfig(file, directory, mergeSettings(raw, overrides));
}

/** The unvalidated settings of a file or folder, with the base folder of relative paths. */
export function readSettings(fileOrFolder: string): {
  readonly file: string;
  readonly directory: string;
  readonly raw: Raw;
} {
  const path = resolve(fileOrFolder);
  const found = lookAt(DISK, path);
  if (found.kind === 'absent') {
    throw new SettingsError([
      `${fileOrFolder}: no such file or folder; give a folder of models or a ${SETTINGS_FILE}`,
    ]);
  }
  if (found.kind === 'unusable') throw new SettingsError([found.why]);
  const isFolder = found.kind === 'folder';
  if (!isFolder && !/\.(ya?ml|json)$/.test(path)) {
    throw new SettingsError([
      `${fileOrFolder}: not a settings file (.yaml, .yml or .json); give a folder of models or a ${SETTINGS_FILE}`,
    ]);
  }
  const file = isFolder ? settingsFileIn(path) : path;
  const directory = isFolder ? path : dirname(path);
  // A folder without settings either is a folder of models or contains one.
  const bare = existsSync(join(path, MODELS_FOLDER)) ? {} : { repository: path };
  return { file, directory, raw: existsSync(file) ? readYaml(file) : bare };
}

/** Path of a folder's settings file, which need not exist. */
export function settingsFileIn(folder: string): string {
  const there = SETTINGS_FILES.map((name) => join(folder, name)).filter((file) => existsSync(file));
  if (there.length > 1)
    throw new SettingsError([
      `found both ${there.join(' and ')}, wanted one settings file: remove one of them`,
    ]);
  return there[0] ?? join(folder, SETTINGS_FILE);
}

/** Like `loadConfig`, for settings that are already data, as in programs that start a server themselves. */
export function completeConfig(source: string, directory: string, raw: Raw): LoadedConfig {
  const parsed = ServerSettings.safeParse(raw);
  if (!parsed.success) {
    throw new SettingsError(explainIssues(source, settingsSchema(), parsed.error.issues, raw));
  }
  const server = parsed.data;
  const rawModels = (raw.models ?? {}) as Readonly<Record<string, Raw>>;
  const idle = Object.entries(rawModels).flatMap(([name, own]) =>
    idleSettings(source, ['models', name], own),
  );
  if (idle.length > 0) throw new SettingsError(idle);
  return {
    server,
    source,
    directory,
    repository: findRepository(source, directory, server),
    rawModels,
    rawDefaults: (raw.defaults ?? {}) as Raw,
  };
}

/**
 * The settings of one model; the settings file overrides model.yaml, which overrides the defaults. `own`: the settings in
 * `modelFile` where that is no YAML.
 */
export function modelSettingsOf(
  config: LoadedConfig,
  name: string,
  modelFile: string | undefined,
  own?: Raw,
): ModelSettings {
  const beside = own ?? (modelFile === undefined ? {} : readYaml(modelFile));
  if (modelFile !== undefined) {
    checkModelSettings(modelFile, beside);
    const idle = idleSettings(modelFile, [], beside);
    if (idle.length > 0) throw new SettingsError(idle);
  }
  const above = config.rawModels[name] ?? {};
  const merged = mergeSettings(mergeSettings(config.rawDefaults, beside), above);
  // The pipeline may be that of the file beside it.
  const idle = idleSettings(config.source, ['models', name], { ...above, pipeline: merged.pipeline });
  if (idle.length > 0) throw new SettingsError(idle);
  return checkModelSettings(`settings of model '${name}'`, merged);
}

/** Validates the settings of one model. Throws a SettingsError whose problems name `source`. */
export function checkModelSettings(source: string, raw: Raw): ModelSettings {
  const parsed = ModelSettings.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new SettingsError(explainIssues(source, modelSchema(), parsed.error.issues, raw));
}

/** Built only to explain a problem: it takes longer than a start may take. */
function modelSchema(): SchemaNode {
  return schemaAt(settingsSchema(), ['models', 'any']) ?? {};
}

function findRepository(source: string, directory: string, server: ServerSettings): string | undefined {
  if (server.repository === undefined) {
    const beside = join(directory, MODELS_FOLDER);
    return existsSync(beside) ? beside : undefined;
  }
  const repository = resolve(directory, server.repository);
  const found = lookAt(DISK, repository);
  if (found.kind === 'folder') return repository;
  const why = found.kind === 'unusable' ? found.why : `'${repository}' is not a folder`;
  throw new SettingsError([`${source}: repository ${why}`]);
}

/** `above` wins: groups are merged, other values are replaced, and undefined replaces nothing. */
export function mergeSettings(below: Raw, above: Raw): Raw {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const under = merged[key];
    merged[key] = isGroup(under) && isGroup(value) ? mergeSettings(under, value) : value;
  }
  return merged;
}

function isGroup(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readYaml(file: string): Raw {
  const found = lookAt(DISK, file);
  if (found.kind === 'unusable') throw new SettingsError([found.why]);
  if (found.kind !== 'file') throw new SettingsError([`${file}: not a file`]);
  const value = parseYaml(file, readFileSync(file, 'utf8')) ?? {};
  if (!isGroup(value)) {
    const came = Array.isArray(value) ? 'a list' : `a ${typeof value}`;
    throw new SettingsError([`${file}: contains ${came}, wanted settings by name`]);
  }
  return value;
}
