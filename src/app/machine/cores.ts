import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const CGROUP_LIMIT = '/sys/fs/cgroup/cpu.max';

/** The cores available to this process: of the machine, or the CPU quota of the container; may be a fraction. */
export function grantedCores(): number {
  return Math.min(availableParallelism(), readCgroupLimit() ?? Number.POSITIVE_INFINITY);
}

/** The default of maxLoadingReplicas. With one core there are two places: a replica that hangs while it loads takes one. */
export function usualLoads(): number {
  return Math.max(2, Math.floor(grantedCores()));
}

function readCgroupLimit(): number | undefined {
  try {
    const [quota, period] = readFileSync(CGROUP_LIMIT, 'utf8').trim().split(' ').map(Number);
    return quota !== undefined && period !== undefined && quota > 0 ? quota / period : undefined;
  } catch {
    return undefined;
  }
}
