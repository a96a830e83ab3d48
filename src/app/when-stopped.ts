import type { VersionInService } from '../fleet/version/version-in-service.ts';

/** Resolves when no replica process of the version is left. */
export async function whenStopped(version: VersionInService): Promise<void> {
  if (version.supervisor.isStopped) return;
  await new Promise<void>((resolve) => {
    version.supervisor.ended.on(() => {
      if (version.supervisor.isStopped) resolve();
    });
  });
}
