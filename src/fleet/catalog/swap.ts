import type { Clock, Timer } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import type { ModelRegistry } from './model-registry.ts';

/** How a swap ended. */
export type Swapped =
  | { readonly kind: 'done'; readonly version: VersionInService }
  /** The new version failed; the old one continues to serve. */
  | { readonly kind: 'kept'; readonly version: VersionInService; readonly reason: string };

/** Interval of the check whether the old version is idle. */
const LOOK_EVERY_MS = 20;

/**
 * Replaces an old version with a new one without losing a request: the new one loads and warms up while the old one
 * serves; then the new one gets all new requests, and the old one finishes its requests and ends.
 */
export class Swap {
  readonly ended = new Event<Swapped>();
  readonly #clock: Clock;
  readonly #registry: ModelRegistry;
  readonly #old: VersionInService;
  readonly #new: VersionInService;
  readonly #gracePeriodMs: number;
  #alarm: Timer | undefined;
  #isOver = false;

  /** Both versions belong to one model. After `gracePeriodMs` the old one is killed with the requests it still runs. */
  constructor(
    clock: Clock,
    registry: ModelRegistry,
    versions: { readonly old: VersionInService; readonly new: VersionInService },
    gracePeriodMs: number,
  ) {
    this.#clock = clock;
    this.#registry = registry;
    this.#old = versions.old;
    this.#new = versions.new;
    this.#gracePeriodMs = gracePeriodMs;
  }

  /** The new version; not in the registry before the switch. */
  get replacement(): VersionInService {
    return this.#new;
  }

  start(): void {
    const stop = this.#new.stateChanged.on((state) => {
      if (state !== 'ready' && state !== 'failed') return;
      stop();
      if (this.#isOver) return;
      // Deferred: the new version must not be called from within its own event.
      this.#clock.endOfTurn(() => (state === 'ready' ? this.#switch() : this.#keep()));
    });
    this.#new.start();
  }

  #switch(): void {
    if (this.#isOver) return;
    // A new version with another number does not replace the old one in the registry.
    if (this.#registry.add(this.#new) !== this.#old) this.#registry.remove(this.#old);
    this.#old.leave();
    const untilMs = this.#clock.now() + this.#gracePeriodMs;
    this.#finish(untilMs);
    this.ended.emit({ kind: 'done', version: this.#new });
  }

  #finish(untilMs: number): void {
    const now = this.#clock.now();
    if (this.#old.isIdle || now >= untilMs) {
      this.#old.supervisor.ended.on(() => {
        if (this.#old.supervisor.isStopped) this.#registry.forget(this.#old);
      });
      this.#old.stop(this.#old.isIdle ? 'drain' : 'kill');
    } else {
      this.#alarm = this.#clock.at(now + LOOK_EVERY_MS, () => this.#finish(untilMs));
    }
  }

  /** For the shutdown of the server: nothing is switched any more, and the old version is not waited for. */
  stop(): void {
    this.#isOver = true;
    this.#alarm?.cancel();
  }

  #keep(): void {
    if (this.#isOver) return;
    const reason = this.#new.failure;
    this.#new.stop('kill');
    this.ended.emit({ kind: 'kept', version: this.#old, reason });
  }
}
