import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { VersionInService } from '../version/version-in-service.ts';

/** Interval of the check whether a version that was replaced is idle. */
const LOOK_EVERY_MS = 20;

/** Ends versions that are served no more: each finishes its requests first, within a grace period. */
export class Departures {
  /** A version that was stopped has no process left. */
  readonly ended = new Event<VersionInService>();
  readonly #clock: Clock;
  readonly #gracePeriodMs: number;
  #isStopping = false;

  constructor(clock: Clock, gracePeriodMs: number) {
    this.#clock = clock;
    this.#gracePeriodMs = gracePeriodMs;
  }

  /** Reports the end of a version, from now on. */
  watch(version: VersionInService): void {
    version.supervisor.ended.on(() => {
      if (version.state === 'stopping') this.#report(version);
    });
  }

  /** New requests go elsewhere; the version ends as soon as it is idle, at the latest after the grace period. */
  dismiss(version: VersionInService): void {
    version.leave();
    this.#whenIdle(version, this.#clock.now() + this.#gracePeriodMs);
  }

  end(version: VersionInService, how: 'drain' | 'kill'): void {
    version.stop(how);
    // One that had no replica left ends without an event.
    this.#report(version);
  }

  /** All versions are stopped by someone else from now on. */
  stop(): void {
    this.#isStopping = true;
  }

  #whenIdle(version: VersionInService, untilMs: number): void {
    if (this.#isStopping) return;
    const now = this.#clock.now();
    if (version.isIdle || now >= untilMs) this.end(version, version.isIdle ? 'drain' : 'kill');
    else this.#clock.at(now + LOOK_EVERY_MS, () => this.#whenIdle(version, untilMs));
  }

  #report(version: VersionInService): void {
    if (version.supervisor.isStopped) this.ended.emit(version);
  }
}
