import type { Clock } from '../base/clock.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import { replicaEnvironment } from '../process/gateway-side/replica-environment.ts';
import type { StandbyProcesses } from '../process/gateway-side/replica-process.ts';
import type { SpawnerPorts } from '../process/gateway-side/spawner.ts';
import { countOomKills } from './oom-kills.ts';

/** What the replicas of a version are spawned with. */
export function processPorts(
  settings: ModelSettings,
  clock: Clock,
  standby?: StandbyProcesses | undefined,
): SpawnerPorts {
  const { env, ...terms } = settings.process;
  // A process that has been started already can be given nothing of its own any more.
  const isUsual = env.length === 0 && terms.nice === 0;
  return {
    clock,
    terms: { ...terms, env: replicaEnvironment(process.env, env) },
    standby: isUsual ? standby : undefined,
    oomKills: countOomKills,
  };
}
