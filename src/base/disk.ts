import { accessSync, constants, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { OperatorError } from './errors.ts';

/** What is at a path. */
export type Found =
  | { readonly kind: 'file' | 'folder' | 'absent' }
  /** The path exists and cannot be used; `why` is the reason with the path. */
  | { readonly kind: 'unusable'; readonly why: string };

/** The operations of the file system in use. */
export interface Disk {
  readonly stat: (path: string) => { isDirectory(): boolean; isFile(): boolean };
  readonly lstat: (path: string) => { isSymbolicLink(): boolean };
  readonly readlink: (path: string) => string;
  readonly list: (folder: string) => string[];
  /** The text of a file; empty when it cannot be read. */
  readonly read: (path: string) => string;
  /** Throws when the process has no permission to read the path. */
  readonly access: (path: string) => void;
}

export const DISK: Disk = {
  stat: statSync,
  lstat: lstatSync,
  readlink: (path) => readlinkSync(path),
  list: (folder) => readdirSync(folder),
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  },
  access: (path) => accessSync(path, constants.R_OK),
};

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read (permission denied): allow the user of this process to read it',
  EPERM: 'cannot be read (permission denied): allow the user of this process to read it',
  ELOOP: 'is a symbolic link that leads back to itself',
  ENOTDIR: 'cannot be read: it or a parent is not a folder',
  EIO: 'cannot be read: the disk reports an error (EIO)',
};

/** Examines a path. Never throws: the result contains the problem. */
export function lookAt(disk: Disk, path: string): Found {
  try {
    const found = disk.stat(path);
    // Reading a pipe or a socket could block for ever.
    if (!found.isDirectory() && !found.isFile()) return unusable(`${path} is neither a file nor a folder`);
    disk.access(path);
    return { kind: found.isDirectory() ? 'folder' : 'file' };
  } catch (caught) {
    if (codeOf(caught) !== 'ENOENT') return unusable(whyUnreadable(path, caught));
    const target = linkTarget(disk, path);
    return target === undefined
      ? { kind: 'absent' }
      : unusable(`${path} is a link to ${target}, which does not exist`);
  }
}

/** The sorted names in a folder, or the reason why it cannot be read. */
export function namesIn(disk: Disk, folder: string): readonly string[] | string {
  try {
    return disk.list(folder).sort();
  } catch (caught) {
    return codeOf(caught) === 'ENOENT' ? `${folder} does not exist` : whyUnreadable(folder, caught);
  }
}

/** The contents of a file. Throws an OperatorError with the reason when it cannot be read. */
export function readBytes(path: string): Buffer {
  const found = lookAt(DISK, path);
  if (found.kind === 'unusable') throw new OperatorError(found.why);
  if (found.kind === 'absent') throw new OperatorError(`${path} does not exist`);
  if (found.kind === 'folder') throw new OperatorError(`${path} is a folder, wanted a file`);
  try {
    return readFileSync(path);
  } catch (caught) {
    throw new OperatorError(whyUnreadable(path, caught));
  }
}

function unusable(why: string): Found {
  return { kind: 'unusable', why };
}

function linkTarget(disk: Disk, path: string): string | undefined {
  try {
    return disk.lstat(path).isSymbolicLink() ? disk.readlink(path) : undefined;
  } catch {
    // It has been removed meanwhile.
    return undefined;
  }
}

function whyUnreadable(path: string, caught: unknown): string {
  const code = codeOf(caught);
  return `${path} ${WORDS[code] ?? `cannot be read (${code})`}`;
}

function codeOf(caught: unknown): string {
  return String((caught as { readonly code?: unknown } | undefined)?.code ?? 'no error code');
}
