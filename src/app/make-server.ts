import { completeConfig, loadConfig } from '../config/load-config.ts';
import type { WrittenSettings } from '../config/server-settings.ts';
import { makeLogger } from './machine/logger.ts';
import { realPorts } from './real-ports.ts';
import { GalleyServer } from './server.ts';

/** A server on this machine that a program starts. Rejects with an OperatorError for invalid settings. */
export async function makeServer(from: string | undefined, settings: WrittenSettings): Promise<GalleyServer> {
  const read = () =>
    from === undefined ? completeConfig('settings', process.cwd(), settings) : loadConfig(from, settings);
  const config = read();
  const log = await makeLogger(config.server.log, process.stderr.isTTY === true);
  return new GalleyServer(config, { ...realPorts(config, log), read });
}
