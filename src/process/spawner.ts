import type { Readable } from 'node:stream';
import { messageOf } from '../base/errors.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../replica/replica.ts';
import { SystemChild } from './child-handle.ts';
import type { LoadOrder } from './compute-messages.ts';
import { type KeptModel, keepModel } from './kept-model.ts';
import { LineCutter } from './line-cutter.ts';
import { ProcessReplica } from './process-replica.ts';
import { type StandbyProcesses, startReplicaProcess } from './replica-process.ts';

/** A line that a replica's code, or its runtime, wrote to stdout or stderr. */
export interface ReplicaOutput {
  readonly replica: ReplicaId;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** What a spawner may be given of the machine. */
export interface SpawnerPorts {
  readonly standby?: StandbyProcesses | undefined;
  /** Counts processes of ours that the kernel has ended for want of memory. */
  readonly oomKills?: () => number;
}

/** Spawns real processes for one version. */
export class ProcessSpawner implements Spawner {
  readonly #order: LoadOrder;
  readonly #onOutput: (output: ReplicaOutput) => void;
  readonly #standby: StandbyProcesses | undefined;
  readonly #oomKills: () => number;
  #kept: KeptModel | undefined;
  #isKept = false;

  /** Takes processes from `standby` as long as it has any. */
  constructor(
    order: LoadOrder,
    onOutput: (output: ReplicaOutput) => void,
    { standby, oomKills = () => 0 }: SpawnerPorts = {},
  ) {
    this.#oomKills = oomKills;
    this.#order = order;
    this.#onOutput = onOutput;
    this.#standby = standby;
  }

  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    try {
      const child = this.#standby?.take() ?? startReplicaProcess();
      this.#forwardLines(id, 'stdout', child.stdout);
      this.#forwardLines(id, 'stderr', child.stderr);
      const handle = new SystemChild(child, this.#oomKills);
      const parts = { order: this.#order, kept: this.#kept };
      return new ProcessReplica(id, incarnation, handle, parts, {
        ...observer,
        loaded: (metadata) => {
          observer.loaded(metadata);
          this.#keep(metadata);
        },
      });
    } catch (caught) {
      return stillborn(id, incarnation, observer, messageOf(caught));
    }
  }

  /** What the first replica has loaded, later ones are to load as well. */
  #keep({ artefact }: ModelMetadata): void {
    if (this.#isKept || this.#order.runtime !== 'onnx' || artefact === undefined) return;
    this.#isKept = true;
    keepModel(this.#order.file, artefact).then(
      (kept) => {
        this.#kept = kept;
      },
      // It is gone or cannot be read any more: then a replica that starts later has to say so.
      () => {},
    );
  }

  #forwardLines(replica: ReplicaId, stream: 'stdout' | 'stderr', output: Readable | null): void {
    const cutter = new LineCutter((line) => this.#onOutput({ replica, stream, line }));
    output?.on('data', (chunk: Buffer) => cutter.push(chunk));
    output?.on('end', () => cutter.end());
  }
}

/** A life that ended before it began: the system had no process, memory or file descriptor to give. */
function stillborn(id: ReplicaId, incarnation: number, observer: ReplicaObserver, why: string): Replica {
  // Told a moment later, since no replica reports before whoever asked for it knows it.
  queueMicrotask(() => observer.exited({ code: null, signal: null, cause: 'not started', detail: why }));
  return { id, incarnation, start() {}, cancel() {}, drain() {}, kill() {} };
}
