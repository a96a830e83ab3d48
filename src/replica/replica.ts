import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Batch } from '../work/batch.ts';
import type { LossCause, OutcomeSink } from '../work/outcome.ts';
import type { Exit } from './exit.ts';

/** Names a replica's place in its version, for instance `digits/1#0`. It survives restarts. */
export type ReplicaId = string;

/** What a replica reports of itself every heartbeat. */
export interface Heartbeat {
  readonly rssBytes: number;
  /** CPU time of the process so far. */
  readonly cpuMs: number;
  /** Batches finished so far. */
  readonly batches: number;
}

/** Where a replica reports on itself. `exited` comes before the outcomes of what it was running, so that nobody hands it more. */
export interface ReplicaObserver {
  loaded(metadata: ModelMetadata): void;
  /** The model cannot be loaded, and trying again would not help. */
  loadFailed(message: string): void;
  credited(batches: number): void;
  heartbeat(heartbeat: Heartbeat): void;
  exited(exit: Exit): void;
}

/** One process with one version loaded, as the brain sees it. No method reports back before it returns. */
export interface Replica {
  readonly id: ReplicaId;
  /** Counts the lives of this place; answers of an earlier life are never delivered. */
  readonly incarnation: number;
  start(batch: Batch, sink: OutcomeSink): void;
  /** The caller of one member has gone; its rows may be left out. */
  cancel(batch: Batch, member: number): void;
  /** Finishes what runs and leaves in good order. */
  drain(): void;
  /** Ends it now; what it was running is lost for this cause. */
  kill(cause: LossCause): void;
}

/** Brings replicas to life. */
export interface Spawner {
  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica;
}
