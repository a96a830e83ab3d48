import type { Clock } from '../../base/clock.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import { replicaEnvironment } from '../../process/gateway-side/replica-environment.ts';
import type { SpawnerPorts } from '../../process/gateway-side/spawner.ts';
import type { StandbyProcesses } from '../../process/gateway-side/standby-processes.ts';
import { countOomKills } from '../machine/oom-kills.ts';

/** The ports of a version's spawner: environment, limits and standby processes. */
export function processPorts(
  settings: ModelSettings,
  clock: Clock,
  standby?: StandbyProcesses | undefined,
): SpawnerPorts {
  const { env, ...terms } = settings.process;
  // A standby process has already started, so it cannot get its own environment or niceness.
  const isUsual = env.length === 0 && terms.nice === 0;
  return {
    clock,
    terms: { ...terms, env: replicaEnvironment(process.env, env) },
    standby: isUsual ? standby : undefined,
    oomKills: countOomKills,
  };
}
