import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { ServedModel } from './served-models.ts';

const CGROUP_LIMIT = '/sys/fs/cgroup/cpu.max';

/** Cores this process is granted: what the machine has, or what the container may use of it. */
export function grantedCores(): number {
  return Math.min(availableParallelism(), readCgroupLimit() ?? Number.POSITIVE_INFINITY);
}

function readCgroupLimit(): number | undefined {
  try {
    const [quota, period] = readFileSync(CGROUP_LIMIT, 'utf8').trim().split(' ').map(Number);
    return quota !== undefined && period !== undefined && quota > 0 ? quota / period : undefined;
  } catch {
    return undefined;
  }
}

/** What does not fit the cores: a single replica that cannot is a problem, too many together are a warning. */
export function compareWithCores(
  served: readonly ServedModel[],
  cores: number,
): {
  readonly problems: readonly { readonly model: string; readonly text: string }[];
  readonly warnings: readonly string[];
} {
  const problems = served
    .filter(({ settings }) => settings.threads > Math.max(1, cores))
    .map(({ model, settings }) => ({
      model,
      text: `threads is ${settings.threads}, but there are only ${cores} cores`,
    }));
  const threads = served.reduce((sum, { settings }) => sum + settings.replicas * settings.threads, 0);
  const warnings =
    threads > cores
      ? [
          `all replicas together compute with ${threads} threads on ${cores} cores: under load they will wait for each other`,
        ]
      : [];
  return { problems, warnings };
}
