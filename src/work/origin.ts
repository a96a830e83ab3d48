import type { Member } from './batch.ts';
import { DEFAULT_TENANT, Entry, type Tenant } from './entry.ts';

/** On whose behalf a model that runs a batch asks another one. */
export interface Origin {
  /** The latest deadline of the requests that wait for the batch; undefined for a run of the server itself. */
  readonly deadline: number | undefined;
  readonly tenant: Tenant;
  /** As a number of the protocol; 0 leaves it to the called model. */
  readonly priority: number;
  readonly requestId: string;
}

/**
 * The origin of what a batch asks for: tenant, priority and id are those of the first request that still waits. undefined
 * when none does.
 */
export function originOf(members: readonly Member[]): Origin | undefined {
  let first: Entry | undefined;
  let deadline = Number.NEGATIVE_INFINITY;
  for (const member of members) {
    if (!(member instanceof Entry)) {
      return { deadline: undefined, tenant: DEFAULT_TENANT, priority: 0, requestId: member.request.id };
    }
    const waiting = waitingFor(member);
    if (waiting === undefined) continue;
    first ??= waiting;
    deadline = Math.max(deadline, waiting.deadline);
    for (const follower of waiting.followers ?? []) deadline = Math.max(deadline, follower.deadline);
  }
  if (first === undefined) return undefined;
  const { tenant, priority, request } = first;
  return { deadline, tenant, priority: 4 - priority, requestId: request.id };
}

/** The entry itself, or the equal request that took its place when its caller left. */
function waitingFor(member: Entry): Entry | undefined {
  let entry: Entry | undefined = member;
  while (entry?.isSettled === true) entry = entry.leader;
  return entry;
}
