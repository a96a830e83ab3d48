import type { Logger } from 'pino';
import type { LoopClock } from '../../base/clock.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { StandbyProcesses } from '../../process/gateway-side/standby-processes.ts';

/** The external parts that a server uses. */
export interface ServerPorts {
  readonly clock: LoopClock;
  /** The seed of all random numbers: the same seed and the same inputs lead to the same decisions. */
  readonly seed: string;
  readonly log: Logger;
  /** Processes already started for the first replicas. */
  readonly standby?: StandbyProcesses;
  /** Reads the settings again; undefined where they come from no file. */
  readonly read?: () => LoadedConfig;
  /** Grants access to the admin API from anywhere; undefined limits it to this machine. */
  readonly adminToken?: string | undefined;
}
