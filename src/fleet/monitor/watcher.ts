import type { ReplicaId } from '../../replica/replica.ts';

/** Watches one aspect of a version's replicas. A new watcher is one file and one line in the list of version-health.ts. */
export interface Watcher {
  /** The process has loaded its model and is warming up. */
  loaded?(id: ReplicaId): void;
  /** The process has become ready. */
  opened?(id: ReplicaId, incarnation: number): void;
  /** The process receives nothing more: all state about it is dropped. */
  closed?(id: ReplicaId): void;
  /** The slot is gone: a later one of the same number starts without a history. */
  removed?(id: ReplicaId): void;
}
