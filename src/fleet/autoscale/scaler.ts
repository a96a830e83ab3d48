import type { Clock, Timer } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import { guarded } from '../../base/mistake.ts';
import { divide, type Grant, type MachineBudget } from '../../scaling/machine-budget.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import { type MakeScalingPolicy, makeScalingPolicy } from './make-scaling-policy.ts';
import { type Scaled, ScaledVersion } from './scaled-version.ts';

/** Dependencies of {@link Scaler}. */
export interface ScalerPorts {
  readonly clock: Clock;
  readonly budget: MachineBudget;
  /** Whether a version replaces another or is being replaced: its number of replicas stays as it is. */
  readonly isRollingOut: (version: VersionInService) => boolean;
  /** A policy other than the one in the settings, for comparisons. */
  readonly makePolicy?: MakeScalingPolicy;
}

/** Interval of the decisions, in ms. */
const TICK_MS = 250;

/**
 * Decides how many replicas every version has: by its policy, within what the machine has for all of them, unless an
 * operator has set the number. It reaches a version only through its `scale` command, which is recorded.
 */
export class Scaler {
  /** A number of replicas was changed. */
  readonly scaled = new Event<Scaled>();
  readonly #ports: ScalerPorts;
  readonly #versions = new Map<VersionInService, ScaledVersion>();
  #timer: Timer | undefined;
  #isStopped = false;
  #isTickAsked = false;

  constructor(ports: ScalerPorts) {
    this.#ports = ports;
  }

  get budget(): MachineBudget {
    return this.#ports.budget;
  }

  /** Decides for this version from now on, until it is forgotten. */
  watch(version: VersionInService): void {
    const { clock, makePolicy = makeScalingPolicy } = this.#ports;
    const scaled = new ScaledVersion(version, { clock, makePolicy, activate: () => this.#tickSoon() });
    this.#versions.set(version, scaled);
    if (scaled.isAutomatic) this.#arm();
  }

  forget(version: VersionInService): void {
    this.#versions.get(version)?.stop();
    this.#versions.delete(version);
  }

  /** How the number of replicas of a version came about; undefined for a version that is not watched. */
  of(version: VersionInService): ScaledVersion | undefined {
    return this.#versions.get(version);
  }

  /** Sets the number of replicas of a version by hand; `forMs` undefined: until it is released. */
  override(version: VersionInService, replicas: number, forMs: number | undefined): void {
    const { clock } = this.#ports;
    this.#versions.get(version)?.override(replicas, forMs === undefined ? undefined : clock.now() + forMs);
    this.#tick();
  }

  /** A version takes the place of another one, with what was set by hand for it. */
  succeed(old: VersionInService, version: VersionInService): void {
    const before = this.#versions.get(old);
    if (before !== undefined) this.#versions.get(version)?.succeed(before);
    this.#arm();
  }

  /** Replaces the replicas of a version one by one by some with so many threads. */
  resize(version: VersionInService, threads: number): void {
    const scaled = this.#versions.get(version);
    if (scaled === undefined) return;
    scaled.threads = threads;
    this.#tick();
  }

  /** Ends an override. Returns false when there is none. */
  release(version: VersionInService): boolean {
    const scaled = this.#versions.get(version);
    if (scaled?.overridden === undefined) return false;
    scaled.release('released by an operator');
    this.#tick();
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const version of [...this.#versions.keys()]) this.forget(version);
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const { clock } = this.#ports;
    this.#timer = clock.at(clock.now() + TICK_MS, () => {
      this.#timer = undefined;
      guarded('the scaler', () => this.#tick());
      if (this.#isActive) this.#arm();
    });
  }

  /** A request arrived at a version without replicas: it does not wait for the next tick. */
  #tickSoon(): void {
    if (this.#isTickAsked) return;
    this.#isTickAsked = true;
    this.#ports.clock.endOfTurn(() => {
      this.#isTickAsked = false;
      guarded('the scaler', () => this.#tick());
    });
  }

  #tick(): void {
    if (this.#isStopped) return;
    const { clock, budget, isRollingOut } = this.#ports;
    const now = clock.now();
    const all = [...this.#versions.values()];
    for (const scaled of all) scaled.decide(now);
    const grants = divide(
      all.map((scaled) => scaled.claim(now, isRollingOut(scaled.version))),
      budget,
    );
    for (const [index, scaled] of all.entries()) {
      if (isRollingOut(scaled.version)) continue;
      const change = scaled.apply(grants[index] as Grant, now, this.#mayAdd(all, scaled));
      if (change !== undefined) this.scaled.emit(change);
    }
    if (this.#isActive) this.#arm();
  }

  /** Whether a number may change without a command. */
  get #isActive(): boolean {
    const all = [...this.#versions.values()];
    return all.some(
      ({ overridden, isAutomatic, isRolling }) => overridden !== undefined || isAutomatic || isRolling,
    );
  }

  /** Whether the machine has room for one more replica of a version. */
  #mayAdd(all: readonly ScaledVersion[], { threads }: ScaledVersion): boolean {
    const placements = all.flatMap(({ version }) =>
      version.supervisor.replicas().map(({ placement }) => placement),
    );
    const used = placements.reduce((sum, placement) => sum + placement.threads, 0);
    return used + threads <= this.#ports.budget.cores;
  }
}
