import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../replica/replica.ts';
import type { LoadOrder } from './compute-messages.ts';
import { ProcessReplica } from './process-replica.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

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

  constructor(order: LoadOrder, onOutput: (output: ReplicaOutput) => void) {
    this.#order = order;
    this.#onOutput = onOutput;
  }

  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] });
    this.#forwardLines(id, 'stdout', child.stdout);
    this.#forwardLines(id, 'stderr', child.stderr);
    return new ProcessReplica(id, incarnation, child, this.#order, observer);
  }

  #forwardLines(replica: ReplicaId, stream: 'stdout' | 'stderr', output: Readable | null): void {
    if (output === null) return;
    createInterface({ input: output }).on('line', (line) => this.#onOutput({ replica, stream, line }));
  }
}
