import type { Clock, Timer } from '../../base/clock.ts';
import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import type { Replica, ReplicaId, ReplicaObserver } from '../../replica/replica.ts';
import type { PipelinePlan } from '../../routing/pipeline-plan.ts';
import type { Batch } from '../../work/batch.ts';
import type { LossCause, OutcomeSink } from '../../work/outcome.ts';
import { PipelineRequest } from './pipeline-request.ts';

interface Running {
  readonly sink: OutcomeSink;
  readonly requests: readonly PipelineRequest[];
}

/** What a pipeline's replica is made of. */
export interface PipelineReplicaPorts {
  readonly clock: Clock;
  readonly caller: ModelCaller;
  readonly observer: ReplicaObserver;
  readonly heartbeatPeriodMs: number;
}

/** A replica without a process: it runs a batch by calling the models of its steps. */
export class PipelineReplica implements Replica {
  readonly id: ReplicaId;
  readonly incarnation: number;
  readonly #ports: PipelineReplicaPorts;
  readonly #running = new Map<number, Running>();
  /** undefined until the models of its steps are loaded. */
  #plan: PipelinePlan | undefined;
  #heartbeats: Timer | undefined;
  #batches = 0;
  #isDraining = false;
  #isOver = false;

  constructor({ id, incarnation }: Pick<Replica, 'id' | 'incarnation'>, ports: PipelineReplicaPorts) {
    this.id = id;
    this.incarnation = incarnation;
    this.#ports = ports;
    this.#heartbeatLater();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** From now on it takes batches. */
  open(plan: PipelinePlan): void {
    this.#plan = plan;
  }

  start({ id, members }: Batch, sink: OutcomeSink): void {
    const { clock, caller } = this.#ports;
    const startedAt = clock.now();
    let unsettled = members.length;
    const parts = {
      plan: this.#plan as PipelinePlan,
      caller,
      later: (run: () => void) => clock.endOfTurn(run),
    };
    const requests = members.map((member, index) => {
      return new PipelineRequest(parts, member, (outcome: Answer | Refusal) => {
        unsettled -= 1;
        sink.part(index, outcome);
        if (unsettled > 0) return;
        this.#running.delete(id);
        this.#batches += 1;
        sink.end({ kind: 'done', computeMs: clock.now() - startedAt });
        if (this.#isDraining) this.drain();
      });
    });
    this.#running.set(id, { sink, requests });
    for (const request of requests) request.start();
  }

  cancel({ id }: Batch, member: number): void {
    const request = this.#running.get(id)?.requests[member];
    this.#ports.clock.endOfTurn(() => request?.cancel());
  }

  drain(): void {
    this.#isDraining = true;
    if (this.#running.size === 0) this.#end('left', '');
  }

  kill(cause: LossCause): void {
    this.#end(cause, 'its calls are cancelled');
  }

  /** After the turn: a replica never reports before the call that it reacts to has returned. */
  #end(cause: LossCause, detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#heartbeats?.cancel();
    const lost = [...this.#running.values()];
    this.#running.clear();
    for (const { requests } of lost) for (const request of requests) request.drop();
    this.#ports.clock.endOfTurn(() => {
      this.#ports.observer.exited({ code: null, signal: null, cause, detail });
      for (const { sink } of lost) sink.end({ kind: 'lost', cause, wasRunning: true, detail });
    });
  }

  #heartbeatLater(): void {
    const { clock, observer, heartbeatPeriodMs } = this.#ports;
    this.#heartbeats = clock.at(clock.now() + heartbeatPeriodMs, () => {
      observer.heartbeat({ rssBytes: 0, cpuMs: 0, batches: this.#batches });
      this.#heartbeatLater();
    });
  }
}
