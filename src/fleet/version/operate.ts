import type { ReplicaId } from '../../replica/replica.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Conditions } from '../monitor/conditions.ts';

/** What an operator may do to a replica. */
export const REPLICA_ACTIONS = ['restart', 'drain', 'eject', 'restore'] as const;
export type ReplicaAction = (typeof REPLICA_ACTIONS)[number];

/**
 * `restart` finishes what runs and begins a new life, also where there was none; `drain` finishes and leaves the slot
 * empty; `eject` keeps the replica out of the pick until `restore`. A text says why it cannot be.
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
  const reason = `an operator wants it (${action})`;
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
