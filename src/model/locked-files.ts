import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { readBytes } from '../base/disk.ts';
import { OperatorError } from '../base/errors.ts';
import { differenceText, type Lock, lockDifferences, parseLock } from './lock.ts';
import { readOnnxFile } from './onnx-file.ts';
import { belongsTo, filesOfVersion, sealOf, stampOf, type VersionPlace } from './version-files.ts';

/** Larger model files are hashed and then opened, because a copy in memory would cost too much. */
const MOST_READ_BYTES = 512 * 1024 * 1024;
const NAMED_DIFFERENCES = 5;

/** The files of a version that are as its lock wants them. */
export interface LockedFiles {
  /** The contents of the model's file, where a runtime can load them in its place. */
  readonly bytes?: Uint8Array;
  /** Throws when a file has been changed or replaced since it was hashed. */
  assertSame(): void;
}

/**
 * Compares the files of a version with the lock; throws an OperatorError that names what differs. The contents of an ONNX
 * file without separate weights are returned, so that what was hashed is what is loaded. Any other file is opened again by
 * its runtime: call `assertSame` when it is loaded.
 */
export function lockedFiles(lockFile: string, place: VersionPlace): LockedFiles {
  const bytes = loadableBytes(place);
  const found = new Map<string, string>();
  const stamps = new Map<string, string>();
  const nameOf = (path: string) => lockPath(lockFile, path);
  for (const path of filesOfVersion(place)) {
    if (bytes !== undefined && path === resolve(place.file)) {
      found.set(nameOf(path), createHash('sha256').update(bytes).digest('hex'));
      continue;
    }
    const { sha256, stamp } = sealOf(path);
    found.set(nameOf(path), sha256);
    stamps.set(path, stamp);
  }
  const isMeant = (name: string) =>
    found.has(name) || belongsTo(place.folder, join(dirname(lockFile), ...name.split('/')));
  const wanted = new Map([...readLock(lockFile)].filter(([name]) => isMeant(name)));
  assertListed(lockFile, wanted, found);
  return {
    ...(bytes === undefined ? {} : { bytes }),
    assertSame() {
      for (const [path, stamp] of stamps) {
        if (stampOf(path) === stamp) continue;
        throw new OperatorError(
          `${nameOf(path)} was replaced during loading, so it is unknown whether its contents are those of ${lockFile}; load the model again`,
        );
      }
    },
  };
}

/** The path of a file as a lock lists it. */
export function lockPath(lockFile: string, path: string): string {
  return relative(dirname(lockFile), path).split(sep).join('/');
}

/** Reads a lock file. Throws an OperatorError when it cannot be read. */
export function readLock(lockFile: string): Lock {
  return parseLock(readBytes(lockFile).toString('utf8'), lockFile);
}

function loadableBytes({ runtime, file }: VersionPlace): Uint8Array | undefined {
  if (runtime !== 'onnx') return undefined;
  // The runtime looks for separate weights beside the file that it opens.
  if ((readOnnxFile(file)?.externalFiles.length ?? 0) > 0 || statSync(file).size > MOST_READ_BYTES)
    return undefined;
  return readFileSync(file);
}

function assertListed(lockFile: string, wanted: Lock, found: Lock): void {
  const differences = lockDifferences(wanted, found).map(differenceText);
  if (differences.length === 0) return;
  const named = differences.slice(0, NAMED_DIFFERENCES).join('; ');
  const more = differences.length > NAMED_DIFFERENCES ? `; … ${differences.length} files in all` : '';
  throw new OperatorError(
    `the files are not those of ${lockFile}: ${named}${more}; restore them, or run galley lock if the change is intended`,
  );
}
