import { Event } from '../../base/event.ts';
import type { WarmupSettings } from '../../config/warmup-settings.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import { Warmer, type WarmerPorts } from '../warmup/warmer.ts';
import type { WarmupLimits, WarmupReport, WarmupResult } from '../warmup/warmup-report.ts';
import type { LoadedVersion } from './loaded-version.ts';

/** A replica to be warmed up. */
interface Waiting {
  readonly id: ReplicaId;
  readonly begin: () => void;
}

/**
 * Lets one replica of a version run every batch size and determine whether rows are independent; the others wait for
 * it and then run only the smallest and the largest size.
 */
export class WarmupDirector {
  readonly warmed = new Event<WarmupReport>();
  readonly #warmer: Warmer;
  readonly #reports = new Map<ReplicaId, WarmupReport>();
  /** The replica that runs, or has run, every batch size; another one takes over when its warmup run is cut off. */
  #fullProfileBy: ReplicaId | undefined;
  #waiting: Waiting[] = [];

  constructor(ports: WarmerPorts, settings: WarmupSettings) {
    this.#warmer = new Warmer(ports, settings);
  }

  reportOf(id: ReplicaId): WarmupReport | undefined {
    return this.#reports.get(id);
  }

  /** `done` is not called when the replica is lost meanwhile. `limits` is called when the replica's turn comes. */
  warm(
    id: ReplicaId,
    loaded: LoadedVersion,
    limits: () => WarmupLimits,
    done: (result: WarmupResult) => void,
  ): void {
    this.#waiting = this.#waiting.filter((other) => other.id !== id);
    const begin = () => {
      const profile = this.#fullProfileBy === undefined ? 'full' : 'short';
      this.#fullProfileBy ??= id;
      const { inputs, rowIndependence: rows } = loaded;
      const parts = { id, inputs, rows, golden: () => loaded.golden, profile } as const;
      const onInput: typeof loaded.takes = (taken) => loaded.takes(taken);
      this.#warmer.warm({ ...limits(), ...parts, onInput }, (result) => {
        if (result.kind === 'warm') {
          this.#reports.set(id, result.report);
          this.warmed.emit(result.report);
        }
        done(result);
        this.#next();
      });
    };
    if (this.#isOneFindingOut) this.#waiting.push({ id, begin });
    else begin();
  }

  /** Discards its warmup results: the next replica runs every size again. */
  repeat(id: ReplicaId): void {
    this.#reports.delete(id);
    this.#fullProfileBy = undefined;
  }

  /** The process of the replica has ended. */
  lost(id: ReplicaId): void {
    this.#warmer.stop(id);
    this.#waiting = this.#waiting.filter((other) => other.id !== id);
    if (id !== this.#fullProfileBy || this.#reports.has(id)) return;
    this.#fullProfileBy = undefined;
    this.#next();
  }

  get #isOneFindingOut(): boolean {
    return this.#fullProfileBy !== undefined && !this.#reports.has(this.#fullProfileBy);
  }

  /** Starts the waiting replicas: all of them once everything is known, else one that determines it again. */
  #next(): void {
    while (!this.#isOneFindingOut) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.begin();
    }
  }
}
