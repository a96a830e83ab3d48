import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { DISK, lookAt } from '../../base/disk.ts';
import { messageOf } from '../../base/errors.ts';
import { asPipeline } from '../../config/as-pipeline.ts';
import { type LoadedConfig, modelSettingsOf } from '../../config/load-config.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import { artefactOf } from '../../model/artefact.ts';
import { chooseVersions } from '../../model/chosen-versions.ts';
import {
  type BrokenModel,
  brokenModel,
  type FoundModel,
  findModel,
  scanRepository,
} from '../../model/model-repository.ts';
import type { ModelFile } from '../../model/version-file.ts';
import type { SampleInput } from '../../replica/sample-input.ts';
import { lockFileOf, missingLock } from './lock-file.ts';
import { pipelineCircles, pipelineIn, whyNotLocked } from './pipeline-model.ts';
import { rawSample } from './raw-sample.ts';
import { readSample } from './sample-file.ts';

/** A version to serve, with everything known before it is loaded. */
export interface ServedModel extends VersionSpec {
  readonly runtime: ModelFile['runtime'];
  /** The model.yaml beside it, if there is one. */
  readonly settingsFile?: string | undefined;
  readonly folder?: string | undefined;
  /** The lock file that lists its files, if there is one. */
  readonly lock?: string | undefined;
}

/** The models to serve, by settings and files. */
export interface ModelList {
  readonly served: readonly ServedModel[];
  /** Models whose files cannot be served; they do not affect the others. */
  readonly broken: readonly BrokenModel[];
  readonly warnings: readonly string[];
  /** Problems of galley.yaml: with any of them the server does not start. */
  readonly problems: readonly string[];
}

/** Combines settings and model files. */
export function listModels(config: LoadedConfig): ModelList {
  const found = findModels(config);
  const served: ServedModel[] = [];
  const broken = [...found.broken];
  const warnings = [...found.warnings];
  const problems = [...missingLock(config)];
  for (const model of found.models) {
    try {
      const result = serveModel(config, model);
      served.push(...result.served);
      broken.push(...result.broken);
      warnings.push(...result.warnings);
    } catch (caught) {
      if (!(caught instanceof SettingsError)) throw caught;
      problems.push(...caught.problems);
    }
  }
  const circles = pipelineCircles(config, served);
  problems.push(...circles.filter(({ isOwn }) => !isOwn).map(({ text }) => text));
  const own = new Map(circles.filter(({ isOwn }) => isOwn).map(({ model, text }) => [model, text]));
  for (const [name, text] of own) broken.push(brokenModel(name, config.repository ?? config.directory, text));
  if (served.length + broken.length + problems.length === 0) {
    const where = config.repository ?? config.directory;
    problems.push(
      `${where} contains no model; wanted models/<name>/<version>/model.onnx, or models.<name>.path in galley.yaml`,
      ...found.warnings,
    );
  }
  return { served: served.filter(({ model }) => !own.has(model)), broken, warnings, problems };
}

/** Checks a broken model again: the versions to serve now (none if it was removed), or the model with its new reason. */
export function lookAgain(
  config: LoadedConfig,
  { name, version }: BrokenModel,
): readonly ServedModel[] | BrokenModel {
  const { models, broken } = findModels(config);
  const still = broken.find((model) => model.name === name);
  if (still !== undefined) return still;
  const model = models.find((found) => found.name === name);
  if (model === undefined) return [];
  try {
    const now = serveModel(config, model);
    const isMeant = (other: string | undefined) => version === undefined || version === other;
    const served = now.served.filter((each) => isMeant(each.version));
    if (served.length > 0) return served;
    // The broken version is gone: the settings may ask for other versions now.
    return now.broken.find((other) => isMeant(other.version)) ?? now.served;
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    return brokenModel(name, model.settingsFile ?? config.directory, caught.problems.join('; '));
  }
}

interface FoundModels {
  readonly models: readonly FoundModel[];
  readonly broken: readonly BrokenModel[];
  readonly warnings: readonly string[];
}

/** The models that the settings and the models folder name. Throws a SettingsError when the folder cannot be read. */
export function findModels(config: LoadedConfig): FoundModels {
  const scan =
    config.repository === undefined
      ? { models: [], broken: [], warnings: [] }
      : scanRepository(config.repository);
  if (typeof scan === 'string') throw new SettingsError([`the models folder cannot be read: ${scan}`]);
  const byName = new Map<string, FoundModel | BrokenModel>();
  for (const model of [...scan.models, ...scan.broken]) byName.set(model.name, model);
  for (const [name, raw] of Object.entries(config.rawModels)) {
    const path = raw?.path;
    if (typeof path === 'string') {
      byName.set(name, findModel(name, isAbsolute(path) ? path : join(config.directory, path)));
    } else if (!byName.has(name)) {
      const isPipeline = raw?.pipeline !== undefined;
      byName.set(
        name,
        isPipeline ? pipelineIn(name, config.source) : withoutFile(config, name, [...byName.keys()]),
      );
    }
  }
  const all = [...byName.values()];
  return {
    models: all.filter((model) => model.kind === 'found'),
    broken: all.filter((model) => model.kind === 'broken'),
    warnings: scan.warnings,
  };
}

function withoutFile(
  { directory, repository }: LoadedConfig,
  name: string,
  others: readonly string[],
): BrokenModel {
  const known = others.length > 0 ? `, or use one of the names found: ${others.join(', ')}` : '';
  return brokenModel(
    name,
    repository ?? directory,
    `it has settings but no model file: set models.${name}.path${known}`,
  );
}

/** The versions of one model to serve, and the broken ones. */
type OneModel = Pick<ModelList, 'served' | 'broken' | 'warnings'>;

/**
 * Throws a SettingsError for a problem of galley.yaml. A problem of the model's own files, including its model.yaml,
 * breaks only this model.
 */
function serveModel(config: LoadedConfig, found: FoundModel): OneModel {
  const { name, settingsFile } = found;
  const path = dirname(settingsFile ?? found.versions[0]?.file ?? config.directory);
  const allBroken = (reason: string): OneModel => ({
    ...{ served: [], warnings: [] },
    broken: [brokenModel(name, path, reason)],
  });
  let settings: ModelSettings;
  try {
    const own = found.config && (config.withoutConfig?.has(name) === true ? {} : found.config.settings);
    settings = modelSettingsOf(config, name, settingsFile, own);
  } catch (caught) {
    if (!(caught instanceof SettingsError) || settingsFile === undefined) throw caught;
    return allBroken(caught.problems.join('; '));
  }
  const isPipeline = found.versions.some(({ runtime }) => runtime === 'pipeline');
  if (isPipeline !== (settings.pipeline !== undefined)) {
    return allBroken(
      isPipeline
        ? `${settingsFile} names no steps of a pipeline`
        : `it has a model file and a pipeline: remove one`,
    );
  }
  if (isPipeline) {
    const [version] = found.versions;
    // What stands in galley.yaml is not covered by a lock.
    const why = settingsFile && version && whyNotLocked(lockFileOf(config), version);
    if (why) return allBroken(why);
    settings = asPipeline(settings);
  }
  const { sample, inputs = [] } = settings.warmup;
  const folders = [config.directory, settingsFile && dirname(settingsFile)];
  const ownSample = sample === undefined ? rawSample(inputs, folders) : sampleOf(sample, folders);
  if (typeof ownSample === 'string') return allBroken(ownSample);
  const { files, missing } = chooseVersions(found, settings.versions);
  return {
    served: files.map(({ version, file, runtime, folder }) => ({
      ...{ model: name, version, file, runtime: settings.runtime ?? runtime, folder },
      ...{ settings, ownSample, settingsFile, lock: lockFileOf(config) },
    })),
    broken: missing.map(({ version, reason }) => ({ ...brokenModel(name, path, reason), version })),
    warnings: [
      ...(found.config?.notes ?? []).map((note) => `model '${name}': ${note}`),
      ...found.unusable
        .filter((version) => !missing.includes(version))
        .map(({ reason }) => `model '${name}': a version is skipped: ${reason}`),
    ],
  };
}

/** The inputs of the sample file, or the problem as a text. */
function sampleOf(name: string, folders: readonly (string | undefined)[]): SampleInput[] | string {
  const candidates = folders
    .filter((folder) => folder !== undefined)
    .map((folder) => (isAbsolute(name) ? name : join(folder, name)));
  for (const path of candidates) {
    const found = lookAt(DISK, path);
    if (found.kind === 'absent') continue;
    if (found.kind !== 'file') {
      return `warmup.sample ${found.kind === 'unusable' ? found.why : `${path} is a folder, wanted a file`}`;
    }
    try {
      return readSample(readFileSync(path));
    } catch (caught) {
      return `warmup.sample ${path}: ${messageOf(caught)}`;
    }
  }
  return `warmup.sample '${name}' was not found in ${folders.filter(Boolean).join(' or ')}`;
}

/** What identifies the contents of its file as it is now; undefined when it cannot be read. */
export function artefactNow({ runtime, file, settings }: ServedModel): string | undefined {
  try {
    return runtime === 'pipeline' ? JSON.stringify(settings.pipeline) : artefactOf(runtime, file);
  } catch {
    return undefined;
  }
}
