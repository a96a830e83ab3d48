import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../replica/replica.ts';
import type { LoadOrder } from './compute-messages.ts';
import { ProcessReplica } from './process-replica.ts';
import { type StandbyProcesses, startReplicaProcess } from './replica-process.ts';

/** A line that a replica's code, or its runtime, wrote to stdout or stderr. */
export interface ReplicaOutput {
  readonly replica: ReplicaId;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** Spawns real processes for one version. */
export class ProcessSpawner implements Spawner {
  readonly #order: LoadOrder;
  readonly #onOutput: (output: ReplicaOutput) => void;
  readonly #standby: StandbyProcesses | undefined;

  /** Takes processes from `standby` as long as it has any. */
  constructor(order: LoadOrder, onOutput: (output: ReplicaOutput) => void, standby?: StandbyProcesses) {
    this.#order = order;
    this.#onOutput = onOutput;
    this.#standby = standby;
  }

  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    const child = this.#standby?.take() ?? startReplicaProcess();
    this.#forwardLines(id, 'stdout', child.stdout);
    this.#forwardLines(id, 'stderr', child.stderr);
    return new ProcessReplica(id, incarnation, child, this.#order, observer);
  }

  #forwardLines(replica: ReplicaId, stream: 'stdout' | 'stderr', output: Readable | null): void {
    if (output === null) return;
    createInterface({ input: output }).on('line', (line) => this.#onOutput({ replica, stream, line }));
  }
}
