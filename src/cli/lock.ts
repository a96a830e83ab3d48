import { settingsFromEnvironment } from '../app/machine/environment.ts';
import { writeWhole } from '../app/machine/whole-file.ts';
import { lockFileOf, lockPathOf } from '../app/models/lock-file.ts';
import { findModels } from '../app/models/served-models.ts';
import { OperatorError } from '../base/errors.ts';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { differenceText, type Lock, lockDifferences, lockText } from '../model/lock.ts';
import { lockPath, readLock } from '../model/locked-files.ts';
import { filesOfVersion, sealOf } from '../model/version-files.ts';

export interface LockFlags {
  readonly check?: boolean;
}

/** Writes the lock file, or compares it with the files. Throws an OperatorError with every difference. */
export async function lock(path: string, { check = false }: LockFlags): Promise<void> {
  const config = loadConfig(path, settingsFromEnvironment(process.env));
  const file = lockPathOf(config);
  const { found, versions, skipped } = hashVersions(config, file);
  for (const line of skipped) console.error(`warning: ${line}`);
  if (check) {
    if (lockFileOf(config) === undefined) throw new OperatorError(`${file} does not exist: run galley lock`);
    const differences = lockDifferences(readLock(file), found).map(differenceText);
    if (differences.length > 0) {
      const mend = `${file} differs: restore the files, or run galley lock if the change is intended`;
      throw new OperatorError([...differences, mend].join('\n'));
    }
  } else {
    await writeWhole(file, Buffer.from(lockText(found)));
  }
  console.log(`${file}: ${found.size} files of ${versions} versions ${check ? 'are as listed' : 'listed'}`);
}

/** What a lock of the models would list. */
interface Hashed {
  readonly found: Lock;
  readonly versions: number;
  /** Versions and models that cannot be served. */
  readonly skipped: readonly string[];
}

function hashVersions(config: LoadedConfig, lockFile: string): Hashed {
  const { models, broken } = findModels(config);
  const found = new Map<string, string>();
  // A pipeline without a file of its own stands in the settings, which a lock does not cover.
  const versions = models.flatMap((model) =>
    model.versions.filter(({ runtime }) => runtime !== 'pipeline' || model.settingsFile !== undefined),
  );
  for (const version of versions) {
    for (const path of filesOfVersion(version)) {
      const name = lockPath(lockFile, path);
      if (!found.has(name)) found.set(name, sealOf(path).sha256);
    }
  }
  const unusable = models.flatMap((model) => model.unusable);
  const skipped = [...broken, ...unusable].map(({ reason }) => `a version is not listed: ${reason}`);
  if (versions.length === 0) {
    throw new OperatorError(`${config.repository ?? config.directory} contains no model that can be listed`);
  }
  return { found, versions: versions.length, skipped };
}
