import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { ServerSettings } from '../../config/server-settings.ts';
import type { MachineBudget } from '../../scaling/machine-budget.ts';
import { grantedCores } from './cores.ts';

const CGROUP_LIMIT = '/sys/fs/cgroup/memory.max';
/** From so many cores on, one is left to the gateway and the system. */
const ENOUGH_CORES = 4;

/** What the replicas of all models may use: of the limits of the container, or of the machine. */
export function machineBudget({
  reserveCores,
  overcommit,
  reserveBytes,
}: ServerSettings['machine']): MachineBudget {
  const cores = grantedCores();
  const reserve = reserveCores ?? (cores >= ENOUGH_CORES ? 1 : 0);
  return {
    cores: Math.max(0, cores - reserve) * overcommit,
    memoryBytes: Math.max(0, grantedBytes() - reserveBytes),
  };
}

/** The memory available to this process: of the machine, or the limit of the container. */
function grantedBytes(): number {
  try {
    const limit = Number(readFileSync(CGROUP_LIMIT, 'utf8'));
    return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  } catch {
    return totalmem();
  }
}
