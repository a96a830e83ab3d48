import { isRefusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { Entry } from '../../work/entry.ts';

/** The decisions of a version as short lines: dispatched batches, replica states, refusals. */
export function watchDecisions(version: VersionInService, decided: (decision: string) => void): void {
  version.path.dispatcher.batchStarted.on(({ work, batch, replica }) => {
    let ids = '';
    for (const member of work.members) ids += member instanceof Entry ? ` ${member.id}` : ' internal';
    decided(`batch ${batch.id} (${work.reason}) to ${replica.id}:${ids}`);
  });
  version.supervisor.lifecycle.moved.on(({ replica, incarnation, from, to, reason }) =>
    decided(`${replica} process ${incarnation}: ${from} to ${to}, ${reason}`),
  );
  version.path.service.requestSettled.on(({ entry, outcome }) => {
    if (isRefusal(outcome)) decided(`request ${entry.id}: ${outcome.reason}`);
  });
  version.path.service.turnedAway.on(({ entry, refusal }) =>
    decided(`request ${entry.id}: ${refusal.reason}`),
  );
  version.path.service.joined.on((entry) => decided(`request ${entry.id} waits with ${entry.leader?.id}`));
  version.stateChanged.on((state) => decided(`${version.name} is ${state}`));
}

/** FNV-1a: a hash of 32 bits of a line. */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
