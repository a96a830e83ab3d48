import type { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { ProcessSettings } from '../../config/process-settings.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { type KeptModel, keepModel } from '../wire/kept-model.ts';
import { SystemChild } from './child-handle.ts';
import { LineCutter } from './line-cutter.ts';
import { LineLimit } from './line-limit.ts';
import { ProcessReplica } from './process-replica.ts';
import { type ProcessTerms, startReplicaProcess } from './replica-process.ts';
import type { StandbyProcesses } from './standby-processes.ts';

/** A line that the model's code or its runtime wrote to stdout or stderr. */
export interface ReplicaOutput {
  readonly replica: ReplicaId;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** Machine resources and process settings of a spawner. */
export interface SpawnerPorts {
  readonly clock: Clock;
  readonly terms: ProcessTerms & Pick<ProcessSettings, 'maxLineCharacters' | 'maxLinesPerSecond'>;
  /** Processes that are already started with the same terms. */
  readonly standby?: StandbyProcesses | undefined;
  /** Count of this server's processes that the kernel has ended for lack of memory. */
  readonly oomKills?: () => number;
  /** Through it the model calls others; without it, its calls are refused. */
  readonly caller?: ModelCaller;
}

/** Spawns operating-system processes for one version. */
export class ProcessSpawner implements Spawner {
  readonly #order: Omit<LoadOrder, keyof Placement>;
  readonly #onOutput: (output: ReplicaOutput) => void;
  readonly #ports: SpawnerPorts;
  #kept: KeptModel | undefined;
  #isKept = false;

  /** Takes processes from `standby` while it has any. */
  constructor(
    order: Omit<LoadOrder, keyof Placement>,
    onOutput: (output: ReplicaOutput) => void,
    ports: SpawnerPorts,
  ) {
    this.#order = order;
    this.#onOutput = onOutput;
    this.#ports = ports;
  }

  spawn(id: ReplicaId, incarnation: number, placement: Placement, observer: ReplicaObserver): Replica {
    try {
      const { clock, terms, standby, oomKills = () => 0, caller } = this.#ports;
      const child = standby?.take() ?? startReplicaProcess(terms);
      this.#forwardLines(id, 'stdout', child.stdout);
      this.#forwardLines(id, 'stderr', child.stderr);
      const handle = new SystemChild(child, clock, oomKills);
      return new ProcessReplica({ id, incarnation }, handle, {
        ...{ order: { ...this.#order, ...placement }, kept: this.#kept, caller },
        observer: {
          ...observer,
          loaded: (metadata) => {
            observer.loaded(metadata);
            this.#keep(metadata);
          },
        },
      });
    } catch (caught) {
      return failedToSpawn(id, incarnation, observer, messageOf(caught));
    }
  }

  /** Keeps a copy of what the first replica loaded, so that later ones load the same. */
  #keep({ artefact }: ModelMetadata): void {
    if (this.#isKept || this.#order.runtime !== 'onnx' || artefact === undefined) return;
    this.#isKept = true;
    keepModel(this.#order.file, artefact).then(
      (kept) => {
        this.#kept = kept;
      },
      // The file is gone or unreadable. A replica that starts later reports it.
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
    // Not `end`, which a destroyed stream does not emit.
    output?.on('close', () => {
      cutter.end();
      limit.end();
    });
  }
}

/** An incarnation that never started: the system had no process, memory or file descriptor left. */
function failedToSpawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver, why: string): Replica {
  // Deferred, because a replica must not report before the caller has received it.
  queueMicrotask(() => observer.exited({ code: null, signal: null, cause: 'not started', detail: why }));
  return { id, incarnation, start() {}, cancel() {}, drain() {}, kill() {} };
}
