import { OperatorError } from '../base/errors.ts';

/** SHA-256 of the contents of files in hexadecimal digits, by path relative to the lock file, with `/` as separator. */
export type Lock = ReadonlyMap<string, string>;

/** The name of the lock file. */
export const LOCK_FILE = 'galley.lock';

/** One file that is not as the lock wants it. */
export type LockDifference =
  | { readonly kind: 'changed'; readonly path: string; readonly wanted: string; readonly found: string }
  /** Listed, but not there. */
  | { readonly kind: 'missing'; readonly path: string }
  /** There, but not listed. */
  | { readonly kind: 'unlisted'; readonly path: string };

/** A line as `sha256sum` writes it; it writes a * for files that it reads as binary. */
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Reads the contents of a lock file. Throws an OperatorError that names the line. */
export function parseLock(text: string, file: string): Lock {
  const lock = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [, hash, path] = LINE.exec(line) ?? [];
    if (hash === undefined || path === undefined) {
      throw new OperatorError(
        `${file}:${index + 1}: '${line.slice(0, 80)}', wanted 64 hexadecimal digits, two spaces and a path; galley lock writes the file anew`,
      );
    }
    if (lock.has(path)) {
      throw new OperatorError(
        `${file}:${index + 1}: '${path}' is listed twice, wanted once; galley lock writes the file anew`,
      );
    }
    lock.set(path, hash);
  }
  return lock;
}

/** The contents of a lock file, which `sha256sum --check` understands. Throws an OperatorError for a path it cannot hold. */
export function lockText(lock: Lock): string {
  const lines = [...lock].map(([path, hash]) => {
    if (/[\n\\]/.test(path)) {
      throw new OperatorError(
        `${JSON.stringify(path)} contains a line break or a backslash, which a lock file cannot hold: rename it`,
      );
    }
    return `${hash}  ${path}\n`;
  });
  return lines.sort((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1)).join('');
}

/** The differences between what a lock lists and what was found, by path. */
export function lockDifferences(wanted: Lock, found: Lock): LockDifference[] {
  const paths = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  return paths.flatMap((path): LockDifference[] => {
    const [want, have] = [wanted.get(path), found.get(path)];
    if (want === have) return [];
    if (have === undefined) return [{ kind: 'missing', path }];
    if (want === undefined) return [{ kind: 'unlisted', path }];
    return [{ kind: 'changed', path, wanted: want, found: have }];
  });
}

/** A difference in words. */
export function differenceText(difference: LockDifference): string {
  const { path } = difference;
  switch (difference.kind) {
    case 'changed':
      return `${path} has the SHA-256 ${difference.found}, wanted ${difference.wanted}`;
    case 'missing':
      return `${path} is listed but does not exist`;
    case 'unlisted':
      return `${path} is not listed`;
  }
}
