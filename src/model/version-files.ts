import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { DISK, lookAt } from '../base/disk.ts';
import { OperatorError } from '../base/errors.ts';
import { filesOf } from './artefact.ts';
import { LOCK_FILE } from './lock.ts';
import { versionNamed } from './model-version.ts';
import type { ModelFile } from './version-file.ts';

/** Where the files of a version are. */
export type VersionPlace = Pick<ModelFile, 'runtime' | 'file' | 'folder'>;

/** The contents of a file, and what identifies the file itself. */
export interface FileSeal {
  readonly sha256: string;
  /** Changes with every change of the file, its replacement included. */
  readonly stamp: string;
}

/** Files beside the folders of versions that change how a version is served. */
const SETTINGS_FILES = ['model.yaml', 'model.yml', 'config.pbtxt'];
const CHUNK_BYTES = 1024 * 1024;

/**
 * All files of a version: everything in its folder, what its model is made of elsewhere, and its settings files. Files of
 * which only the model itself knows are in the folder, so that all of it counts.
 */
export function filesOfVersion({ runtime, file, folder }: VersionPlace): string[] {
  const own = folder === undefined ? [] : [...filesIn(folder), ...settingsFilesOf(folder)];
  // Missing weights are reported by the lock that lists them, or by the runtime.
  const parts = (runtime === 'pipeline' ? [file] : filesOf(runtime, file)).filter(
    (path) => factsOf(path) !== undefined,
  );
  return [...new Set([...parts, ...own].map((path) => resolve(path)))];
}

/** The settings files of the model whose version has this folder. */
function settingsFilesOf(folder: string): string[] {
  return settingsPaths(folder).filter((path) => factsOf(path)?.isFile());
}

/** Where settings files would be. A folder that is no version is the model's, and contains them. */
function settingsPaths(folder: string): string[] {
  if (versionNamed(basename(folder)) === undefined) return [];
  return SETTINGS_FILES.map((name) => join(dirname(folder), name));
}

/** Whether a path belongs to a version even if nothing is there. */
export function belongsTo(folder: string | undefined, path: string): boolean {
  if (folder === undefined) return false;
  return path.startsWith(`${resolve(folder)}${sep}`) || settingsPaths(resolve(folder)).includes(path);
}

function filesIn(folder: string, seen = new Set<string>()): string[] {
  // A link may lead back to where it is.
  const real = realpathSync(folder);
  if (seen.has(real)) return [];
  seen.add(real);
  // The hidden folders of a Kubernetes volume contain the same files again. A lock cannot list itself.
  const names = readdirSync(folder).filter((name) => !name.startsWith('..') && name !== LOCK_FILE);
  return names.flatMap((name) => {
    const path = join(folder, name);
    const facts = factsOf(path);
    if (facts === undefined) return [];
    return facts.isDirectory() ? filesIn(path, seen) : [path];
  });
}

function factsOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

/** Reads a file once, without keeping it in memory. Throws the errors of the file system. */
export function sealOf(path: string): FileSeal {
  // Before it is opened, because opening a pipe could block for ever.
  const place = lookAt(DISK, path);
  if (place.kind === 'unusable') throw new OperatorError(place.why);
  const descriptor = openSync(path, 'r');
  try {
    const stamp = stampOf(path, descriptor);
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      hash.update(chunk.subarray(0, read));
    }
    return { sha256: hash.digest('hex'), stamp };
  } finally {
    closeSync(descriptor);
  }
}

/** The stamp of the file that is at the path now, or is open. */
export function stampOf(path: string, descriptor?: number): string {
  const facts =
    descriptor === undefined ? statSync(path, { bigint: true }) : fstatSync(descriptor, { bigint: true });
  if (!facts.isFile()) throw new OperatorError(`${path} is not a file`);
  const { dev, ino, size, mtimeNs, ctimeNs } = facts;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
