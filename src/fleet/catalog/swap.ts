import type { Clock, Timer } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import type { ModelRegistry } from './model-registry.ts';

/** How a swap ended. */
export type Swapped =
  | { readonly kind: 'done'; readonly version: VersionInService }
  /** The new one could not be had; the old one serves on as if nothing had happened. */
  | { readonly kind: 'kept'; readonly version: VersionInService; readonly reason: string };

/** How often it is looked whether the old version has finished. */
const LOOK_EVERY_MS = 20;

/**
 * Puts a new version in the place of an old one without losing a request: the new one loads and warms up while the
 * old one serves; then it gets what is new, the old one finishes what it has, and ends.
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

  /** Both versions bear the same model's name; after `gracePeriodMs` the old one ends with what it still runs. */
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

  /** The version that is to take over: in no list before it has. */
  get newcomer(): VersionInService {
    return this.#new;
  }

  start(): void {
    const stop = this.#new.stateChanged.on((state) => {
      if (state !== 'ready' && state !== 'failed') return;
      stop();
      if (this.#isOver) return;
      // Not from within what the new version is just deciding: it is told to do something as others are, in turn.
      this.#clock.endOfTurn(() => (state === 'ready' ? this.#switch() : this.#keep()));
    });
    this.#new.start();
  }

  #switch(): void {
    if (this.#isOver) return;
    // One that has another number stands beside the old one only until here.
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

  /** The server stops altogether: nothing is switched any more, and nobody waits for the old version. */
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
