import { basename, extname, join } from 'node:path';
import { DISK, type Disk, type Found, lookAt, namesIn } from '../base/disk.ts';
import { byVersion, versionNamed } from './model-version.ts';
import { type OwnConfig, ownConfig, TRITON_CONFIG } from './triton/own-config.ts';
import { isOfModel, type ModelFile, modelFileIn, RUNTIMES } from './version-file.ts';

/** A model found on disk. */
export interface FoundModel {
  readonly kind: 'found';
  readonly name: string;
  /** In ascending order of the version number; never empty. */
  readonly versions: readonly ModelFile[];
  /** Versions whose folder contains no readable model. */
  readonly unusable: readonly UnusableVersion[];
  /** The model.yaml or config.pbtxt beside the model, if it exists. */
  readonly settingsFile: string | undefined;
  /** What its config.pbtxt says. */
  readonly config?: OwnConfig | undefined;
}

export interface UnusableVersion {
  readonly version: string;
  readonly reason: string;
}

/** A model that cannot be served in its present state. */
export interface BrokenModel {
  readonly kind: 'broken';
  readonly name: string;
  /** undefined when the problem concerns no particular version. */
  readonly version?: string;
  readonly path: string;
  readonly reason: string;
}

/** A folder that contains no part of a model. */
interface Stray {
  readonly kind: 'stray';
}

/** The contents of a folder of models. */
export interface RepositoryScan {
  readonly models: readonly FoundModel[];
  readonly broken: readonly BrokenModel[];
  /** One message per skipped entry. */
  readonly warnings: readonly string[];
}

/** Only one of them may exist: with both, precedence would be unclear. */
const SETTINGS_FILES = ['model.yaml', 'model.yml', TRITON_CONFIG];
/** The key of a pipeline in a model.yaml; whether it is one is decided when the settings are read. */
const PIPELINE = /(^|[{,])[ \t]*["']?pipeline["']?[ \t]*:/m;
const WANTED =
  '<version>/model.onnx, <version>/model.ts, <version>/model.js, or such a file without a version';
/** A folder of the file system that only root can read. */
const LOST_AND_FOUND = 'lost+found';

/**
 * Lists the models in a folder, by name. Unreadable entries become broken models and do not end the scan. Returns a
 * message when the folder itself cannot be read.
 */
export function scanRepository(folder: string, disk: Disk = DISK): RepositoryScan | string {
  const names = namesIn(disk, folder);
  if (typeof names === 'string') return names;
  const models = new Map<string, FoundModel | BrokenModel>();
  const warnings: string[] = [];
  for (const entry of names) {
    const path = join(folder, entry);
    const name = nameOfModel(entry, lookAt(disk, path).kind);
    if (name === undefined) continue;
    const model = entry === LOST_AND_FOUND ? STRAY : lookForModel(name, path, disk);
    if (model.kind === 'stray') warnings.push(`${path} is skipped: it contains no model; wanted ${WANTED}`);
    else if (models.has(name)) warnings.push(`${path} is skipped: another model has the name '${name}'`);
    else models.set(name, model);
  }
  const all = [...models.values()];
  return {
    models: all.filter((model) => model.kind === 'found'),
    broken: all.filter((model) => model.kind === 'broken'),
    warnings,
  };
}

/** The model name of an entry of a repository; undefined when the entry cannot be a model. */
function nameOfModel(entry: string, kind: Found['kind']): string | undefined {
  if (/^[._]/.test(entry) || entry === 'node_modules') return undefined;
  const isModelFile = extname(entry) === '.onnx';
  if (kind === 'folder') return entry;
  if (kind === 'file') return isModelFile ? basename(entry, '.onnx') : undefined;
  // Removed since the folder was listed.
  if (kind === 'absent') return undefined;
  // An entry that cannot be examined counts as a folder, unless it has the extension of another kind of file.
  if (isModelFile) return basename(entry, '.onnx');
  return extname(entry) === '' ? entry : undefined;
}

const STRAY: Stray = { kind: 'stray' };

/** The model in a given file or folder, which is broken when it contains none. */
export function findModel(name: string, path: string, disk: Disk = DISK): FoundModel | BrokenModel {
  const model = lookForModel(name, path, disk);
  return model.kind === 'stray'
    ? brokenModel(name, path, `${path} contains no model; wanted ${WANTED}`)
    : model;
}

function lookForModel(name: string, path: string, disk: Disk): FoundModel | BrokenModel | Stray {
  const found = lookAt(disk, path);
  if (found.kind === 'absent') return brokenModel(name, path, `${path} does not exist`);
  if (found.kind === 'unusable') return brokenModel(name, path, found.why);
  return found.kind === 'file' ? modelInFile(name, path) : modelInFolder(name, path, disk);
}

function modelInFile(name: string, file: string): FoundModel | BrokenModel {
  const known = RUNTIMES.find(({ extension }) => extension === extname(file));
  if (known === undefined) {
    const wanted = RUNTIMES.map(({ extension }) => extension).join(', ');
    return brokenModel(name, file, `${file} has an unknown extension, wanted one of ${wanted}`);
  }
  const versions = [{ version: '1', runtime: known.runtime, file }];
  return { kind: 'found', name, versions, unusable: [], settingsFile: undefined };
}

function modelInFolder(name: string, path: string, disk: Disk): FoundModel | BrokenModel | Stray {
  const names = namesIn(disk, path);
  if (typeof names === 'string') return brokenModel(name, path, names);
  const settings = SETTINGS_FILES.filter((file) => names.includes(file)).map((file) => join(path, file));
  if (settings.length > 1) {
    return brokenModel(
      name,
      path,
      `found both ${settings.join(' and ')}, wanted one settings file: remove one of them`,
    );
  }
  const [file] = settings;
  const config =
    file !== undefined && basename(file) === TRITON_CONFIG ? ownConfig(file, name, names) : undefined;
  if (typeof config === 'string') return brokenModel(name, path, config);
  const folders = names.flatMap((entry) => {
    const version = versionNamed(entry);
    const folder = join(path, entry);
    const isSkipped = version === '0' || config?.skipped.includes(entry) === true;
    const isVersion = version !== undefined && !isSkipped && isNoFile(lookAt(disk, folder));
    return isVersion ? [{ version, folder }] : [];
  });
  const twice = sameVersion(folders);
  if (twice !== undefined) return brokenModel(name, path, twice);
  const versions: ModelFile[] = [];
  const unusable: UnusableVersion[] = [];
  for (const { version, folder } of folders) {
    const model = modelFileIn(folder, version, { disk, config });
    if (typeof model === 'string') unusable.push({ version, reason: model });
    else versions.push(model);
  }
  const found = { kind: 'found', name, unusable, settingsFile: file, config } as const;
  if (versions.length > 0) {
    return { ...found, versions: versions.sort((a, b) => byVersion(a.version, b.version)) };
  }
  const unversioned = modelFileIn(path, '1', { disk, config });
  if (typeof unversioned !== 'string') return { ...found, versions: [unversioned], unusable: [] };
  if (unusable.length > 0) {
    return brokenModel(name, path, unusable.map(({ reason }) => reason).join('; '));
  }
  const [own] = settings;
  if (own !== undefined && disk.read(own).search(PIPELINE) !== -1)
    return { ...found, versions: [{ version: '1', runtime: 'pipeline', file: own }], unusable: [] };
  const isMeant = settings.length > 0 || isOfModel(names);
  return isMeant ? brokenModel(name, path, unversioned) : STRAY;
}

/** A folder, or an entry that may be an unreadable folder. */
function isNoFile({ kind }: Found): boolean {
  return kind === 'folder' || kind === 'unusable';
}

/** The problem of two folders with the same number, such as 7 and 007, which is ambiguous. */
function sameVersion(folders: readonly { readonly version: string; readonly folder: string }[]) {
  for (const { version } of folders) {
    const same = folders.filter((other) => other.version === version).map(({ folder }) => folder);
    if (same.length > 1) return `${same.join(' and ')} are both version ${version}: remove one of them`;
  }
  return undefined;
}

export function brokenModel(name: string, path: string, reason: string): BrokenModel {
  return { kind: 'broken', name, path, reason };
}
