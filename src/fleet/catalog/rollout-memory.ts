import type { VersionInService } from '../version/version-in-service.ts';
import { firstReplicas, type VersionSpec } from '../version/version-spec.ts';

const MEBIBYTE = 2 ** 20;

/**
 * Why a version does not fit into the memory beside the versions that are loaded. Its replicas are expected to be as
 * large as those of the version that it replaces; without one, or before that has reported, nothing is known against it.
 */
export function whyNoRoom(
  spec: VersionSpec,
  old: VersionInService | undefined,
  { loaded, budgetBytes }: { readonly loaded: readonly VersionInService[]; readonly budgetBytes: number },
): string | undefined {
  const eachBytes = Math.max(0, ...(old === undefined ? [] : residentBytes(old)));
  const usedBytes = loaded.flatMap(residentBytes).reduce((sum, bytes) => sum + bytes, 0);
  const neededBytes = eachBytes * firstReplicas(spec.settings);
  if (neededBytes === 0 || usedBytes + neededBytes <= budgetBytes) return undefined;
  const mib = (bytes: number) => `${Math.round(bytes / MEBIBYTE)} MiB`;
  return (
    `the new version needs about ${mib(neededBytes)} beside the ${mib(usedBytes)} that are in use, of ${mib(budgetBytes)}: ` +
    'set rollout.strategy: recreate to end the old version first, or free memory'
  );
}

/** The memory of each replica, as far as they have reported. */
function residentBytes({ supervisor }: VersionInService): number[] {
  return supervisor.replicas().map(({ heartbeat }) => heartbeat?.rssBytes ?? 0);
}
