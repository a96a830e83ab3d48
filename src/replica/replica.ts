import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Batch } from '../work/batch.ts';
import type { LossCause, OutcomeSink } from '../work/outcome.ts';
import type { Exit } from './exit.ts';
import type { Placement } from './placement.ts';

/** Names a slot of a version, for instance `digits/1#0`. It survives restarts. */
export type ReplicaId = string;

/** What a replica reports at every heartbeat. */
export interface Heartbeat {
  readonly rssBytes: number;
  /** CPU time of the process so far. */
  readonly cpuMs: number;
  /** Batches finished so far. */
  readonly batches: number;
}

/** Receives a replica's reports. `exited` precedes the outcomes of its batches, so that it gets no more of them. */
export interface ReplicaObserver {
  loaded(metadata: ModelMetadata): void;
  /** The model cannot be loaded, and a retry would not help. */
  loadFailed(message: string): void;
  credited(batches: number): void;
  heartbeat(heartbeat: Heartbeat): void;
  exited(exit: Exit): void;
}

/** One process with one version loaded, as the core sees it. No method reports before it returns. */
export interface Replica {
  readonly id: ReplicaId;
  /** Number of the process in its slot; answers of an earlier one are never delivered. */
  readonly incarnation: number;
  start(batch: Batch, sink: OutcomeSink): void;
  /** The caller of one member has gone; its rows may be omitted. */
  cancel(batch: Batch, member: number): void;
  /** Finishes what runs, then exits. */
  drain(): void;
  /** Ends it immediately; its batches are lost for this cause. */
  kill(cause: LossCause): void;
}

/** Starts replicas. */
export interface Spawner {
  spawn(id: ReplicaId, incarnation: number, placement: Placement, observer: ReplicaObserver): Replica;
}
