import { resolve } from 'node:path';
import { readBytes } from '../../base/disk.ts';
import { messageOf, OperatorError } from '../../base/errors.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { keyHash } from '../../gateway/tenants.ts';

/** Tenant names by the hash of each API key. Throws an OperatorError that names the file. */
export function tenantKeysOf({ server, directory }: LoadedConfig): ReadonlyMap<string, string> {
  const tenants = new Map<string, string>();
  for (const [name, { apiKeyFile }] of Object.entries(server.tenants.accounts)) {
    if (apiKeyFile === undefined) continue;
    const keys = linesOf(name, resolve(directory, apiKeyFile));
    if (keys.length === 0)
      throw new OperatorError(`tenants.${name}.apiKeyFile: ${apiKeyFile} is empty, wanted one key per line`);
    for (const key of keys) {
      const other = tenants.get(keyHash(key));
      if (other !== undefined)
        throw new OperatorError(
          `tenants.${name}.apiKeyFile: a key also belongs to tenant '${other}', wanted each key once`,
        );
      tenants.set(keyHash(key), name);
    }
  }
  return tenants;
}

function linesOf(name: string, file: string): string[] {
  try {
    return readBytes(file)
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (caught) {
    throw new OperatorError(`tenants.${name}.apiKeyFile: ${messageOf(caught)}`);
  }
}
