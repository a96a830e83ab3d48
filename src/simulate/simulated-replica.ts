import { type Clock, RANK, type Timer } from '../base/clock.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../replica/replica.ts';
import type { Batch } from '../work/batch.ts';
import type { OutcomeSink } from '../work/outcome.ts';

/** How a simulated replica behaves. */
export interface SimulatedBehaviour {
  readonly metadata: ModelMetadata;
  /** Batches it takes at once; it runs one after the other. */
  readonly credits: number;
  readonly loadMs: number;
  serviceMs(batch: Batch): number;
  /** Told when a batch begins to run, for whoever keeps the books. */
  started?(batch: Batch, replica: ReplicaId): void;
}

/** A replica without a process: it answers with its inputs after the time its behaviour says. */
export class SimulatedReplica implements Replica {
  readonly id: ReplicaId;
  readonly incarnation: number;
  readonly #clock: Clock;
  readonly #behaviour: SimulatedBehaviour;
  readonly #observer: ReplicaObserver;
  readonly #held: { readonly batch: Batch; readonly sink: OutcomeSink }[] = [];
  #alarm: Timer | undefined;
  #isDraining = false;
  #isOver = false;

  constructor(
    id: ReplicaId,
    incarnation: number,
    clock: Clock,
    behaviour: SimulatedBehaviour,
    observer: ReplicaObserver,
  ) {
    this.id = id;
    this.incarnation = incarnation;
    this.#clock = clock;
    this.#behaviour = behaviour;
    this.#observer = observer;
    this.#after(behaviour.loadMs, () => {
      observer.loaded(behaviour.metadata);
      observer.credited(behaviour.credits);
    });
  }

  start(batch: Batch, sink: OutcomeSink): void {
    if (this.#isOver) throw new Error(`batch ${batch.id} was handed to ${this.id}, which has ended`);
    this.#behaviour.started?.(batch, this.id);
    this.#held.push({ batch, sink });
    if (this.#held.length === 1) this.#runFirst();
  }

  cancel(): void {}

  stop(how: 'drain' | 'kill'): void {
    this.#isDraining = true;
    if (how === 'kill') this.end('SIGKILL');
    else if (this.#held.length === 0) this.#after(0, () => this.end(null));
  }

  /** Dies at once, as by a signal, or leaves with code 0. What it held is lost. */
  end(signal: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alarm?.cancel();
    const held = this.#held.splice(0);
    this.#clock.at(
      this.#clock.now(),
      () => {
        this.#observer.exited({ code: signal === null ? 0 : null, signal, detail: '' });
        for (const { sink } of held) sink.end({ kind: 'lost', detail: `ended by ${signal}` });
      },
      RANK.completion,
    );
  }

  #runFirst(): void {
    const first = this.#held[0];
    if (first === undefined) return;
    const { batch, sink } = first;
    const computeMs = this.#behaviour.serviceMs(batch);
    this.#after(computeMs, () => {
      this.#held.shift();
      for (const [index, { request }] of batch.members.entries())
        sink.part(index, { outputs: request.inputs });
      this.#runFirst();
      sink.end({ kind: 'done', computeMs });
      if (this.#isDraining && this.#held.length === 0) this.end(null);
    });
  }

  #after(ms: number, wake: () => void): void {
    this.#alarm = this.#clock.at(this.#clock.now() + ms, wake, RANK.completion);
  }
}

/** Spawns simulated replicas and remembers the living, so that a test can end them. */
export class SimulatedSpawner implements Spawner {
  readonly replicas = new Map<ReplicaId, SimulatedReplica>();
  readonly #clock: Clock;
  readonly #behaviour: SimulatedBehaviour;

  constructor(clock: Clock, behaviour: SimulatedBehaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    const replica = new SimulatedReplica(id, incarnation, this.#clock, this.#behaviour, observer);
    this.replicas.set(id, replica);
    return replica;
  }
}
