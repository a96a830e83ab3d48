import { resolve } from 'node:path';
import { readBytes } from '../../base/disk.ts';
import { messageOf, OperatorError } from '../../base/errors.ts';
import type { LoadedConfig } from '../../config/load-config.ts';

/** The admin API token: GALLEY_ADMIN_TOKEN, else the content of admin.tokenFile. Throws an OperatorError. */
export function adminTokenOf(
  { server, directory }: LoadedConfig,
  env: NodeJS.ProcessEnv,
): string | undefined {
  const { GALLEY_ADMIN_TOKEN: fromEnvironment } = env;
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  const { tokenFile } = server.admin;
  if (tokenFile === undefined) return undefined;
  const file = resolve(directory, tokenFile);
  try {
    const token = readBytes(file).toString('utf8').trim();
    if (token !== '') return token;
  } catch (caught) {
    throw new OperatorError(`admin.tokenFile: ${messageOf(caught)}`);
  }
  throw new OperatorError(`admin.tokenFile: ${file} is empty, wanted a token`);
}
