import type { Clock } from '../../base/clock.ts';
import { guarded } from '../../base/mistake.ts';

/** The claim of a replica to load its model: it waits, then has a place, until it is given back. */
export interface LoadClaim {
  readonly isWaiting: boolean;
  /** Gives the place back, or stops waiting. Idempotent. */
  giveBack(): void;
}

/** Decides when a replica may start and load its model. */
export interface SpawnQueue {
  /** Without a free place the claim waits, and `granted` is called once in a later turn, unless it is given back before. */
  claim(version: string, granted: () => void): LoadClaim;
}

/** The spawn queue of a version that is alone: no replica waits. */
export const NO_SPAWN_QUEUE: SpawnQueue = { claim: () => ({ isWaiting: false, giveBack() {} }) };

interface Waiting {
  readonly version: string;
  readonly grant: () => void;
}

/**
 * Bounds how many replicas load at a time over all versions. A free place goes to the version whose last one is the
 * longest ago, and in it to the replica that has waited longest: a version with many replicas delays no other, and no
 * claim is passed over more often than there are other versions.
 */
export class BoundedSpawnQueue implements SpawnQueue {
  readonly #clock: Clock;
  readonly #places: number;
  /** In the order in which they began to wait. */
  #waiting: Waiting[] = [];
  #held = 0;
  #granted = 0;
  /** By version: the number of its last grant. */
  readonly #lastGrants = new Map<string, number>();
  #isGranting = false;

  constructor(clock: Clock, places: number) {
    this.#clock = clock;
    this.#places = places;
  }

  /** Claims that have a place. */
  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  claim(version: string, granted: () => void): LoadClaim {
    let state: 'waiting' | 'held' | 'over' = 'waiting';
    const take = () => {
      state = 'held';
      this.#held += 1;
      this.#lastGrants.set(version, ++this.#granted);
    };
    const waits: Waiting = {
      version,
      grant: () => {
        take();
        guarded('the start of a replica', granted);
      },
    };
    // A free place that others wait for is theirs.
    if (this.#held + this.#waiting.length < this.#places) take();
    else this.#waiting.push(waits);
    return {
      isWaiting: state === 'waiting',
      giveBack: () => {
        if (state === 'waiting') this.#waiting = this.#waiting.filter((other) => other !== waits);
        if (state === 'held') this.#held -= 1;
        state = 'over';
        this.#grantLater();
      },
    };
  }

  /** In a later turn, because a place is given back in the middle of what another version does. */
  #grantLater(): void {
    if (this.#isGranting || this.#waiting.length === 0) return;
    this.#isGranting = true;
    this.#clock.endOfTurn(() => {
      this.#isGranting = false;
      while (this.#held < this.#places && this.#waiting.length > 0) {
        const next = this.#waiting.reduce((a, b) => (this.#isBefore(b, a) ? b : a));
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        next.grant();
      }
    });
  }

  #isBefore(a: Waiting, b: Waiting): boolean {
    return (this.#lastGrants.get(a.version) ?? 0) < (this.#lastGrants.get(b.version) ?? 0);
  }
}
