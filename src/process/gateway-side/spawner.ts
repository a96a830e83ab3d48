import type { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { ProcessSettings } from '../../config/process-settings.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { type KeptModel, keepModel } from '../wire/kept-model.ts';
import { SystemChild } from './child-handle.ts';
import { LineCutter } from './line-cutter.ts';
import { LineLimit } from './line-limit.ts';
import { ProcessReplica } from './process-replica.ts';
import { type ProcessTerms, type StandbyProcesses, startReplicaProcess } from './replica-process.ts';

/** A line that a replica's code, or its runtime, wrote to stdout or stderr. */
export interface ReplicaOutput {
  readonly replica: ReplicaId;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** What a spawner is given of the machine and for its processes. */
export interface SpawnerPorts {
  readonly clock: Clock;
  readonly terms: ProcessTerms & Pick<ProcessSettings, 'maxLineCharacters' | 'maxLinesPerSecond'>;
  /** Processes that have only what any replica gets. */
  readonly standby?: StandbyProcesses | undefined;
  /** Counts processes of ours that the kernel has ended for want of memory. */
  readonly oomKills?: () => number;
}

/** Spawns real processes for one version. */
export class ProcessSpawner implements Spawner {
  readonly #order: LoadOrder;
  readonly #onOutput: (output: ReplicaOutput) => void;
  readonly #ports: SpawnerPorts;
  #kept: KeptModel | undefined;
  #isKept = false;

  /** Takes processes from `standby` as long as it has any. */
  constructor(order: LoadOrder, onOutput: (output: ReplicaOutput) => void, ports: SpawnerPorts) {
    this.#order = order;
    this.#onOutput = onOutput;
    this.#ports = ports;
  }

  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    try {
      const { clock, terms, standby, oomKills = () => 0 } = this.#ports;
      const child = standby?.take() ?? startReplicaProcess(terms);
      this.#forwardLines(id, 'stdout', child.stdout);
      this.#forwardLines(id, 'stderr', child.stderr);
      const handle = new SystemChild(child, clock, oomKills);
      const parts = { order: this.#order, kept: this.#kept };
      return new ProcessReplica(id, incarnation, handle, parts, {
        ...observer,
        loaded: (metadata) => {
          observer.loaded(metadata);
          this.#keep(metadata);
        },
      });
    } catch (caught) {
      return failedToSpawn(id, incarnation, observer, messageOf(caught));
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
    const { clock, terms } = this.#ports;
    const limit = new LineLimit(terms.maxLinesPerSecond, clock, (line) =>
      this.#onOutput({ replica, stream, line }),
    );
    const cutter = new LineCutter(terms.maxLineCharacters, (line) => limit.line(line));
    output?.on('data', (chunk: Buffer) => cutter.push(chunk));
    // Not `end`: what was destroyed has none.
    output?.on('close', () => {
      cutter.end();
      limit.end();
    });
  }
}

/** A life that ended before it began: the system had no process, memory or file descriptor to give. */
function failedToSpawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver, why: string): Replica {
  // Told a moment later, since no replica reports before whoever asked for it knows it.
  queueMicrotask(() => observer.exited({ code: null, signal: null, cause: 'not started', detail: why }));
  return { id, incarnation, start() {}, cancel() {}, drain() {}, kill() {} };
}
