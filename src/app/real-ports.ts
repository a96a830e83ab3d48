import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { RealClock } from '../base/clock.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { adminTokenOf } from './frontend/admin-token.ts';
import type { ServerPorts } from './machine/server-ports.ts';

/** The ports of a server on this machine. */
export function realPorts(config: LoadedConfig, log: Logger): ServerPorts {
  const seed = randomBytes(16).toString('hex');
  return { clock: new RealClock(), seed, log, adminToken: adminTokenOf(config, process.env) };
}
