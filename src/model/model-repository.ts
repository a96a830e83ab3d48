import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';

/** The file that holds one version of a model. */
export interface ModelFile {
  readonly version: string;
  readonly runtime: 'onnx' | 'module';
  readonly file: string;
}

/** A model as found on disk. */
export interface FoundModel {
  readonly name: string;
  /** By rising version number; never empty. */
  readonly versions: readonly ModelFile[];
  /** The model.yaml beside it, if there is one. */
  readonly settingsFile: string | undefined;
}

/** What a folder of models holds, and what in it could not be understood. */
export interface RepositoryScan {
  readonly models: readonly FoundModel[];
  readonly problems: readonly string[];
}

const MODEL_FILES = [
  { file: 'model.onnx', runtime: 'onnx' },
  { file: 'model.js', runtime: 'module' },
  { file: 'model.mjs', runtime: 'module' },
] as const;
const RUNTIME_OF = { '.onnx': 'onnx', '.js': 'module', '.mjs': 'module' } as const;
const SETTINGS_FILE = 'model.yaml';
const VERSION = /^[1-9]\d*$/;

/** Lists the models in a folder, by name. */
export function scanRepository(folder: string): RepositoryScan {
  const models: FoundModel[] = [];
  const problems: string[] = [];
  for (const entry of readdirSync(folder).sort()) {
    if (/^[._]/.test(entry) || entry === 'node_modules') continue;
    const path = join(folder, entry);
    const isFolder = statSync(path).isDirectory();
    if (!isFolder && extname(entry) !== '.onnx') continue;
    const name = isFolder ? entry : basename(entry, '.onnx');
    const found = findModel(name, path);
    if (typeof found === 'string') problems.push(found);
    else models.push(found);
  }
  return { models, problems };
}

/** The model in a file or a folder; a text says why there is none. */
export function findModel(name: string, path: string): FoundModel | string {
  if (!existsSync(path)) return `model '${name}': ${path} does not exist`;
  if (!statSync(path).isDirectory()) return modelInFile(name, path);
  const settings = join(path, SETTINGS_FILE);
  const settingsFile = existsSync(settings) ? settings : undefined;
  const versions = readdirSync(path)
    .filter((entry) => VERSION.test(entry) && statSync(join(path, entry)).isDirectory())
    .sort((a, b) => Number(a) - Number(b))
    .flatMap((version) => modelFileIn(join(path, version), version));
  if (versions.length > 0) return { name, versions, settingsFile };
  const unversioned = modelFileIn(path, '1');
  if (unversioned.length > 0) return { name, versions: unversioned, settingsFile };
  return `model '${name}': ${path} holds no model; wanted <version>/model.onnx, <version>/model.js, model.onnx or model.js`;
}

function modelInFile(name: string, file: string): FoundModel | string {
  const runtime = RUNTIME_OF[extname(file) as keyof typeof RUNTIME_OF];
  if (runtime === undefined) return `model '${name}': ${file} is neither .onnx nor .js`;
  return { name, versions: [{ version: '1', runtime, file }], settingsFile: undefined };
}

function modelFileIn(folder: string, version: string): ModelFile[] {
  const present = MODEL_FILES.find(({ file }) => existsSync(join(folder, file)));
  return present === undefined
    ? []
    : [{ version, runtime: present.runtime, file: join(folder, present.file) }];
}

/** Which of a model's versions the settings ask for; a text says why they cannot be had. */
export function chooseVersions(
  model: FoundModel,
  wanted: 'latest' | 'all' | readonly number[],
): readonly ModelFile[] | string {
  if (wanted === 'all') return model.versions;
  if (wanted === 'latest') return model.versions.slice(-1);
  const chosen = model.versions.filter(({ version }) => wanted.includes(Number(version)));
  if (chosen.length === wanted.length) return chosen;
  const present = model.versions.map(({ version }) => version);
  return `model '${model.name}': versions ${wanted.join(', ')} are asked for, but there are only ${present.join(', ')}`;
}
