import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import { LOCK_FILE } from '../../model/lock.ts';

/** Path of the lock file, which need not exist: beside the settings, or in the models folder where it is already there. */
export function lockPathOf({ directory, repository }: LoadedConfig): string {
  const beside = join(directory, LOCK_FILE);
  const inside = repository === undefined ? beside : join(repository, LOCK_FILE);
  return !existsSync(beside) && existsSync(inside) ? inside : beside;
}

/** The lock file, if there is one. */
export function lockFileOf(config: LoadedConfig): string | undefined {
  const file = lockPathOf(config);
  return existsSync(file) ? file : undefined;
}

/** Why the server must not start: it requires a lock file, and there is none. */
export function missingLock(config: LoadedConfig): readonly string[] {
  if (!config.server.requireLock || lockFileOf(config) !== undefined) return [];
  return [
    `${config.source}: requireLock is true, but ${lockPathOf(config)} does not exist: run galley lock, or remove requireLock`,
  ];
}
