import type { ReplicaId } from '../../replica/replica.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Conditions } from '../monitor/conditions.ts';

/** Actions of an operator on a replica. */
export const REPLICA_ACTIONS = ['restart', 'drain', 'eject', 'restore'] as const;
export type ReplicaAction = (typeof REPLICA_ACTIONS)[number];

/**
 * `restart` finishes running work and starts a new process, also in an empty slot; `drain` finishes running work and
 * leaves the slot empty; `eject` keeps the replica out of the pick until `restore`. Returns why it is not possible.
 */
export function operate(
  supervisor: Supervisor,
  conditions: Conditions,
  action: ReplicaAction,
  id: ReplicaId,
): string | undefined {
  const slot = supervisor.find(id);
  if (slot === undefined) {
    const known = supervisor.replicas().map(({ replica }) => replica);
    return `there is no replica '${id}'; there are: ${known.join(', ') || 'none'}`;
  }
  const reason = `requested by an operator (${action})`;
  switch (action) {
    case 'restart':
      if (supervisor.revive(id, reason) || supervisor.drain(id, { reason, afterwards: 'again' })) {
        return undefined;
      }
      break;
    case 'drain':
      if (supervisor.drain(id, { reason, afterwards: 'stay' })) return undefined;
      break;
    case 'eject':
      if (slot.healthStatus !== undefined) {
        conditions.raise(id, 'operator', 'down', reason);
        return undefined;
      }
      break;
    case 'restore':
      if (conditions.conditionsOf(id).some(({ cause }) => cause === 'operator')) {
        conditions.clear(id, 'operator');
        return undefined;
      }
      return `replica '${id}' was not ejected by an operator`;
  }
  return `replica '${id}' is ${slot.state}, which allows no ${action}`;
}
