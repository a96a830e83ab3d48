import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { type LoadedConfig, modelSettingsOf } from '../config/load-config.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import { SettingsError } from '../config/settings-problem.ts';
import {
  chooseVersions,
  type FoundModel,
  findModel,
  type ModelFile,
  scanRepository,
} from '../model/model-repository.ts';
import type { SampleInput } from '../replica/sample-input.ts';
import { readSample } from './sample-file.ts';

/** A version that is to be served, with everything known before it is loaded. */
export interface ServedModel {
  readonly model: string;
  readonly file: ModelFile;
  readonly settings: ModelSettings;
  readonly ownSample: readonly SampleInput[];
}

/** Brings settings and files together. Throws a SettingsError that lists everything that does not fit. */
export function listServedModels(config: LoadedConfig): ServedModel[] {
  const problems: string[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (caught) {
      if (!(caught instanceof SettingsError)) throw caught;
      problems.push(...caught.problems);
      return undefined;
    }
  };
  const served = findModels(config, problems).flatMap(
    (found) => attempt(() => serveModel(config, found)) ?? [],
  );
  if (served.length === 0 && problems.length === 0) {
    const where = config.repository ?? config.directory;
    problems.push(
      `${where} holds no model; wanted models/<name>/<version>/model.onnx, or models.<name>.path in galley.yaml`,
    );
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return served;
}

function findModels(config: LoadedConfig, problems: string[]): FoundModel[] {
  const scan =
    config.repository === undefined ? { models: [], problems: [] } : scanRepository(config.repository);
  problems.push(...scan.problems);
  const byName = new Map(scan.models.map((model) => [model.name, model]));
  for (const [name, raw] of Object.entries(config.rawModels)) {
    const path = raw.path;
    if (typeof path === 'string') {
      const found = findModel(name, isAbsolute(path) ? path : join(config.directory, path));
      if (typeof found === 'string') problems.push(found);
      else byName.set(name, found);
    } else if (!byName.has(name)) {
      const known = [...byName.keys()].join(', ') || 'none';
      problems.push(
        `model '${name}' has settings but no file: give it a path, or use one of the names found: ${known}`,
      );
    }
  }
  return [...byName.values()];
}

function serveModel(config: LoadedConfig, found: FoundModel): ServedModel[] {
  const settings = modelSettingsOf(config, found.name, found.settingsFile);
  const versions = chooseVersions(found, settings.versions);
  if (typeof versions === 'string') throw new SettingsError([versions]);
  const folders = [config.directory, found.settingsFile && dirname(found.settingsFile)];
  const ownSample =
    settings.warmup.sample === undefined ? [] : sampleOf(found.name, settings.warmup.sample, folders);
  return versions.map((file) => ({
    model: found.name,
    file: settings.runtime === undefined ? file : { ...file, runtime: settings.runtime },
    settings,
    ownSample,
  }));
}

function sampleOf(model: string, name: string, folders: readonly (string | undefined)[]): SampleInput[] {
  const candidates = folders
    .filter((folder) => folder !== undefined)
    .map((folder) => (isAbsolute(name) ? name : join(folder, name)));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new SettingsError([
      `model '${model}': warmup.sample '${name}' is not to be found in ${folders.filter(Boolean).join(' or ')}`,
    ]);
  try {
    return readSample(readFileSync(path));
  } catch (caught) {
    throw new SettingsError([`model '${model}': warmup.sample ${path}: ${messageOf(caught)}`]);
  }
}
