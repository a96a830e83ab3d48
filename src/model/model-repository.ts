import { basename, extname, join } from 'node:path';
import { DISK, type Disk, type Found, lookAt, namesIn } from '../base/disk.ts';
import { byVersion, versionNamed } from './model-version.ts';

/** The file that holds one version of a model. */
export interface ModelFile {
  readonly version: string;
  readonly runtime: 'onnx' | 'module';
  readonly file: string;
}

/** A model as found on disk. */
export interface FoundModel {
  readonly kind: 'found';
  readonly name: string;
  /** By rising version number; never empty. */
  readonly versions: readonly ModelFile[];
  /** Versions that have a folder and no model in it that can be read. */
  readonly unusable: readonly UnusableVersion[];
  /** The model.yaml beside it, if there is one. */
  readonly settingsFile: string | undefined;
}

export interface UnusableVersion {
  readonly version: string;
  readonly reason: string;
}

/** What should be a model, and cannot be served as it is. */
export interface BrokenModel {
  readonly kind: 'broken';
  readonly name: string;
  /** undefined where no version is known, or none is meant. */
  readonly version?: string;
  readonly path: string;
  readonly reason: string;
}

/** A folder that holds nothing of a model, and is none. */
interface Stray {
  readonly kind: 'stray';
}

/** What a folder of models holds. */
export interface RepositoryScan {
  readonly models: readonly FoundModel[];
  readonly broken: readonly BrokenModel[];
  /** What was passed over, by name. */
  readonly warnings: readonly string[];
}

const MODEL_FILES = [
  { file: 'model.onnx', runtime: 'onnx' },
  { file: 'model.js', runtime: 'module' },
  { file: 'model.mjs', runtime: 'module' },
] as const;
const RUNTIME_OF = { '.onnx': 'onnx', '.js': 'module', '.mjs': 'module' } as const;
/** Either is read; both at once would leave open which one counts. */
const SETTINGS_FILES = ['model.yaml', 'model.yml'];
const WANTED = '<version>/model.onnx, <version>/model.js, model.onnx or model.js';
/** The file system's own, readable to its administrator alone. */
const LOST_AND_FOUND = 'lost+found';
const NAMED_FILES = 5;

/**
 * Lists the models in a folder, by name. What cannot be read in it is told by name and ends nothing; a text says why
 * the folder itself cannot be read.
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
    if (model.kind === 'stray') warnings.push(`${path} is passed over: it holds no model; wanted ${WANTED}`);
    else if (models.has(name))
      warnings.push(`${path} is passed over: there is another model '${name}' already`);
    else models.set(name, model);
  }
  const all = [...models.values()];
  return {
    models: all.filter((model) => model.kind === 'found'),
    broken: all.filter((model) => model.kind === 'broken'),
    warnings,
  };
}

/** The name under which an entry of a repository would be served; undefined for what is no model by its name. */
function nameOfModel(entry: string, kind: Found['kind']): string | undefined {
  if (/^[._]/.test(entry) || entry === 'node_modules') return undefined;
  const isModelFile = extname(entry) === '.onnx';
  if (kind === 'folder') return entry;
  if (kind === 'file') return isModelFile ? basename(entry, '.onnx') : undefined;
  // It has vanished since the folder was listed.
  if (kind === 'absent') return undefined;
  // What cannot be looked at is meant to be a folder, unless it has the ending of another kind of file.
  if (isModelFile) return basename(entry, '.onnx');
  return extname(entry) === '' ? entry : undefined;
}

const STRAY: Stray = { kind: 'stray' };

/** The model in a file or a folder that is known to be one. */
export function findModel(name: string, path: string, disk: Disk = DISK): FoundModel | BrokenModel {
  const model = lookForModel(name, path, disk);
  return model.kind === 'stray' ? brokenModel(name, path, `${path} holds no model; wanted ${WANTED}`) : model;
}

function lookForModel(name: string, path: string, disk: Disk): FoundModel | BrokenModel | Stray {
  const found = lookAt(disk, path);
  if (found.kind === 'absent') return brokenModel(name, path, `${path} does not exist`);
  if (found.kind === 'unusable') return brokenModel(name, path, found.why);
  return found.kind === 'file' ? modelInFile(name, path) : modelInFolder(name, path, disk);
}

function modelInFile(name: string, file: string): FoundModel | BrokenModel {
  const runtime = RUNTIME_OF[extname(file) as keyof typeof RUNTIME_OF];
  if (runtime === undefined) return brokenModel(name, file, `${file} is neither .onnx nor .js`);
  const versions = [{ version: '1', runtime, file }];
  return { kind: 'found', name, versions, unusable: [], settingsFile: undefined };
}

function modelInFolder(name: string, path: string, disk: Disk): FoundModel | BrokenModel | Stray {
  const names = namesIn(disk, path);
  if (typeof names === 'string') return brokenModel(name, path, names);
  const settings = SETTINGS_FILES.filter((file) => names.includes(file)).map((file) => join(path, file));
  if (settings.length > 1) {
    return brokenModel(name, path, `there are both ${settings.join(' and ')}: keep one of them`);
  }
  const folders = names.flatMap((entry) => {
    const version = versionNamed(entry);
    const folder = join(path, entry);
    const isVersion = version !== undefined && version !== '0' && isNoFile(lookAt(disk, folder));
    return isVersion ? [{ version, folder }] : [];
  });
  const twice = sameVersion(folders);
  if (twice !== undefined) return brokenModel(name, path, twice);
  const versions: ModelFile[] = [];
  const unusable: UnusableVersion[] = [];
  for (const { version, folder } of folders) {
    const file = modelFileIn(folder, version, disk);
    if (typeof file === 'string') unusable.push({ version, reason: file });
    else versions.push(file);
  }
  const found = { kind: 'found', name, unusable, settingsFile: settings[0] } as const;
  if (versions.length > 0) {
    return { ...found, versions: versions.sort((a, b) => byVersion(a.version, b.version)) };
  }
  const unversioned = modelFileIn(path, '1', disk);
  if (typeof unversioned !== 'string') return { ...found, versions: [unversioned], unusable: [] };
  if (unusable.length > 0) {
    return brokenModel(name, path, unusable.map(({ reason }) => reason).join('; '));
  }
  const isMeant = settings.length > 0 || MODEL_FILES.some(({ file }) => names.includes(file));
  return isMeant ? brokenModel(name, path, unversioned) : STRAY;
}

/** A folder, or what may turn out to be one that cannot be read. */
function isNoFile({ kind }: Found): boolean {
  return kind === 'folder' || kind === 'unusable';
}

/** Two folders of one number, as 7 and 007: which one is meant cannot be told. */
function sameVersion(folders: readonly { readonly version: string; readonly folder: string }[]) {
  for (const { version } of folders) {
    const same = folders.filter((other) => other.version === version).map(({ folder }) => folder);
    if (same.length > 1) return `${same.join(' and ')} are both version ${version}: keep one of them`;
  }
  return undefined;
}

/** The model file in a folder; a text says why there is none. */
function modelFileIn(folder: string, version: string, disk: Disk): ModelFile | string {
  const place = lookAt(disk, folder);
  if (place.kind === 'unusable') return place.why;
  const names = namesIn(disk, folder);
  if (typeof names === 'string') return names;
  const present = MODEL_FILES.find(({ file }) => names.includes(file));
  if (present === undefined) {
    const there = names.slice(0, NAMED_FILES).join(', ') || 'nothing';
    return `${folder} holds no model.onnx, model.js or model.mjs; there: ${there}`;
  }
  const file = join(folder, present.file);
  const found = lookAt(disk, file);
  if (found.kind === 'file') return { version, runtime: present.runtime, file };
  return found.kind === 'unusable' ? found.why : `${file} is no file`;
}

function brokenModel(name: string, path: string, reason: string): BrokenModel {
  return { kind: 'broken', name, path, reason };
}

/** Versions that are to be served, and those among them that cannot be. */
export interface ChosenVersions {
  readonly files: readonly ModelFile[];
  readonly missing: readonly UnusableVersion[];
}

/** Which of a model's versions the settings ask for. No other one is served in the place of one that is broken. */
export function chooseVersions(
  { versions, unusable }: FoundModel,
  wanted: 'latest' | 'all' | readonly (number | string)[],
): ChosenVersions {
  const all = [...versions, ...unusable].map(({ version }) => version).sort(byVersion);
  const asked =
    wanted === 'all'
      ? all
      : wanted === 'latest'
        ? all.slice(-1)
        : wanted.map((version) => versionNamed(String(version)) ?? String(version));
  const absent = asked
    .filter((version) => !all.includes(version))
    .map((version) => ({
      version,
      reason: `version ${version} is asked for, but there are only ${all.join(', ')}`,
    }));
  return {
    files: versions.filter(({ version }) => asked.includes(version)),
    missing: [...unusable.filter(({ version }) => asked.includes(version)), ...absent],
  };
}
