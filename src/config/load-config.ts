import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { messageOf } from '../base/errors.ts';
import { explainIssues } from './explain-issues.ts';
import { type SchemaNode, schemaAt, settingsSchema } from './json-schema.ts';
import { ModelSettings } from './model-settings.ts';
import { ServerSettings } from './server-settings.ts';
import { SettingsError } from './settings-problem.ts';

type Raw = Readonly<Record<string, unknown>>;

/** Settings as read, with what is needed to complete them model by model. */
export interface LoadedConfig {
  readonly server: ServerSettings;
  /** Folder that relative paths in the settings start from. */
  readonly directory: string;
  /** Folder of models, absolute; undefined when all models are named by path. */
  readonly repository: string | undefined;
  /** Settings of each model named in the file, as written there. */
  readonly rawModels: Readonly<Record<string, Raw>>;
  readonly rawDefaults: Raw;
}

const SETTINGS_FILE = 'galley.yaml';
const MODELS_FOLDER = 'models';

/**
 * Reads settings from a file, or from a folder that holds galley.yaml or simply models.
 * `overrides` (flags, environment) win over the file. Throws a SettingsError that lists everything wrong.
 */
export function loadConfig(fileOrFolder: string, overrides: Raw = {}): LoadedConfig {
  const path = resolve(fileOrFolder);
  if (!existsSync(path)) {
    throw new SettingsError([
      `${fileOrFolder}: no such file or folder; give a folder of models or a ${SETTINGS_FILE}`,
    ]);
  }
  const isFolder = statSync(path).isDirectory();
  if (!isFolder && !/\.(ya?ml|json)$/.test(path)) {
    throw new SettingsError([
      `${fileOrFolder}: is no settings file; give the folder that holds the models, or a ${SETTINGS_FILE}`,
    ]);
  }
  const file = isFolder ? join(path, SETTINGS_FILE) : path;
  const directory = isFolder ? path : dirname(path);
  // A folder without settings is one of models, or one that has a folder of models in it.
  const bare = existsSync(join(path, MODELS_FOLDER)) ? {} : { repository: path };
  const raw = existsSync(file) ? readYaml(file) : bare;
  // First the overrides alone: what is wrong with them must not be blamed on the file.
  completeConfig('flags or environment', directory, overrides);
  return completeConfig(file, directory, mergeSettings(raw, overrides));
}

/** The same from settings that are already data, for programs that start a server themselves. */
export function completeConfig(source: string, directory: string, raw: Raw): LoadedConfig {
  const parsed = ServerSettings.safeParse(raw);
  if (!parsed.success) {
    throw new SettingsError(explainIssues(source, settingsSchema(), parsed.error.issues, raw));
  }
  const server = parsed.data;
  return {
    server,
    directory,
    repository: findRepository(source, directory, server),
    rawModels: (raw.models ?? {}) as Readonly<Record<string, Raw>>,
    rawDefaults: (raw.defaults ?? {}) as Raw,
  };
}

/** The settings of one model: defaults, then the model.yaml beside it, then the settings file. */
export function modelSettingsOf(
  config: LoadedConfig,
  name: string,
  modelFile: string | undefined,
): ModelSettings {
  const beside = modelFile === undefined ? {} : readYaml(modelFile);
  if (modelFile !== undefined) check(modelFile, beside, modelSchema());
  const merged = mergeSettings(mergeSettings(config.rawDefaults, beside), config.rawModels[name] ?? {});
  return check(`settings of model '${name}'`, merged, modelSchema());
}

function check(source: string, raw: Raw, schema: () => SchemaNode): ModelSettings {
  const parsed = ModelSettings.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new SettingsError(explainIssues(source, schema(), parsed.error.issues, raw));
}

/** Made only when there is something to explain: it costs more than a whole start may. */
function modelSchema(): () => SchemaNode {
  return () => schemaAt(settingsSchema(), ['models', 'any']) ?? {};
}

function findRepository(source: string, directory: string, server: ServerSettings): string | undefined {
  if (server.repository === undefined) {
    const beside = join(directory, MODELS_FOLDER);
    return existsSync(beside) ? beside : undefined;
  }
  const repository = resolve(directory, server.repository);
  if (existsSync(repository) && statSync(repository).isDirectory()) return repository;
  throw new SettingsError([`${source}: repository '${repository}' is no folder`]);
}

/** What stands above wins; inner groups are merged, everything else is replaced, undefined replaces nothing. */
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
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (caught) {
    throw new SettingsError([`${file}: cannot be read: ${messageOf(caught)}`]);
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new SettingsError(document.errors.map((error) => `${file}: ${error.message.split('\n')[0]}`));
  }
  const value: unknown = document.toJS() ?? {};
  if (!isGroup(value)) throw new SettingsError([`${file}: holds ${typeof value}, wanted settings by name`]);
  return value;
}
