import type { Clock } from '../../base/clock.ts';
import { ProcessReplica } from '../../process/gateway-side/process-replica.ts';
import type { LoadOrder } from '../../process/wire/compute-messages.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import type { SimulatedBehaviour } from './simulated-behaviour.ts';
import { SimulatedChild } from './simulated-child.ts';

const ORDER: LoadOrder = {
  // Uses all three pipes.
  runtime: 'onnx',
  file: 'simulated',
  threads: 1,
  device: 'cpu',
  finite: 'off',
  heartbeatPeriodMs: 1000,
  maxAnswerBytes: 2 ** 30,
  maxErrorCharacters: 8192,
};

/** Starts simulated processes behind the real wire, and keeps the latest one of each slot. */
export class SimulatedSpawner implements Spawner {
  readonly children = new Map<ReplicaId, SimulatedChild>();
  readonly #clock: Clock;
  readonly #behaviour: SimulatedBehaviour;

  constructor(clock: Clock, behaviour: SimulatedBehaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  spawn(id: ReplicaId, incarnation: number, _placement: Placement, observer: ReplicaObserver): Replica {
    const child = new SimulatedChild({ id, incarnation }, this.#clock, this.#behaviour);
    this.children.set(id, child);
    return new ProcessReplica({ id, incarnation }, child, { order: ORDER, observer });
  }
}
