import type { BoundedSpawnQueue } from '../../fleet/lifecycle/spawn-queue.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import type { Violation } from './invariants.ts';

/** Counts the replicas that load at a time, and checks the rules of the spawn queue. */
export class Loads implements Spawner {
  readonly #spawner: Spawner;
  readonly #queue: BoundedSpawnQueue;
  #loading = 0;
  #most = 0;

  constructor(spawner: Spawner, queue: BoundedSpawnQueue) {
    this.#spawner = spawner;
    this.#queue = queue;
  }

  spawn(id: ReplicaId, incarnation: number, placement: Placement, observer: ReplicaObserver): Replica {
    const end = this.#begin();
    return this.#spawner.spawn(id, incarnation, placement, {
      ...observer,
      loaded: (metadata) => {
        end();
        observer.loaded(metadata);
      },
      exited: (exit) => {
        end();
        observer.exited(exit);
      },
    });
  }

  /** A replica of another model loads; `ends` gets what ends the load, when it has begun. */
  loadAnother(ends: (end: () => void) => void): void {
    const begin = () => {
      const end = this.#begin();
      ends(() => {
        end();
        claim.giveBack();
      });
    };
    const claim = this.#queue.claim('another', begin);
    if (!claim.isWaiting) begin();
  }

  /** To be called when every replica has ended. */
  violations(maxLoading: number): Violation[] {
    const { held, waiting } = this.#queue;
    const found: Violation[] = [];
    if (this.#most > maxLoading)
      found.push({ rule: 'loads bounded', detail: `${this.#most} at a time instead of ${maxLoading}` });
    if (this.#loading + held + waiting > 0)
      found.push({ rule: 'places given back', detail: `${held} held, ${waiting} waiting, at the end` });
    return found;
  }

  #begin(): () => void {
    this.#loading += 1;
    this.#most = Math.max(this.#most, this.#loading);
    let isLoading = true;
    return () => {
      if (isLoading) this.#loading -= 1;
      isLoading = false;
    };
  }
}
