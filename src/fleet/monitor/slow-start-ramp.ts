import { type SlowStart, slowStartShare } from '../../balancing/slow-start.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { Watcher } from './watcher.ts';

/** Steps from the initial share to the full share. */
const STEPS = 20;

/** Raises the share of a restarted or restored replica: caches and compilers are cold, and it may fail again. */
export class SlowStartRamp implements Watcher {
  readonly #clock: Clock;
  readonly #settings: SlowStart;
  readonly #roster: Roster;
  readonly #alarms = new Map<ReplicaId, Timer>();

  constructor(clock: Clock, settings: SlowStart, roster: Roster) {
    this.#clock = clock;
    this.#settings = settings;
    this.#roster = roster;
  }

  /** A process that replaces another starts with a small share; a first one serves at once. */
  opened(id: ReplicaId, incarnation: number): void {
    if (incarnation > 1) this.begin(id);
  }

  /** Does nothing when no other replica is ready: none could take the rest of the load. */
  begin(id: ReplicaId): void {
    const others = this.#roster.views().filter((view) => view.id !== id && view.healthStatus === 'ready');
    if (others.length > 0 && this.#settings.windowMs > 0) this.#step(id, this.#clock.now());
  }

  closed(id: ReplicaId): void {
    this.#alarms.get(id)?.cancel();
    this.#alarms.delete(id);
  }

  #step(id: ReplicaId, since: number): void {
    const { windowMs } = this.#settings;
    const now = this.#clock.now();
    const share = slowStartShare(this.#settings, now - since);
    this.#roster.setShare(id, share);
    if (share >= 1) this.#alarms.delete(id);
    else
      this.#alarms.set(
        id,
        this.#clock.at(now + windowMs / STEPS, () => this.#step(id, since)),
      );
  }
}
