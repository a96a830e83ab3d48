import { Event } from '../base/event.ts';
import type { WarmupSettings } from '../config/warmup-settings.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { LoadedVersion } from './loaded-version.ts';
import { Warmer, type WarmerPorts } from './warmer.ts';
import type { PracticeLimits, WarmupReport, WarmupResult } from './warmup-report.ts';

/** Sees to it that one replica of a version practises with every batch size, and the others only briefly. */
export class WarmupDirector {
  readonly warmed = new Event<WarmupReport>();
  readonly #warmer: Warmer;
  readonly #reports = new Map<ReplicaId, WarmupReport>();
  /** The replica that runs, or has run, every batch size; another one does when it is lost on the way. */
  #fullProfileBy: ReplicaId | undefined;

  constructor(ports: WarmerPorts, settings: WarmupSettings) {
    this.#warmer = new Warmer(ports, settings);
  }

  reportOf(id: ReplicaId): WarmupReport | undefined {
    return this.#reports.get(id);
  }

  /** `done` is not called when the replica is lost on the way. */
  warm(
    id: ReplicaId,
    { rows, isGuessed, golden }: LoadedVersion,
    { maxBatchSize, limitMs }: PracticeLimits,
    done: (result: WarmupResult) => void,
  ): void {
    const profile = this.#fullProfileBy === undefined ? 'full' : 'short';
    this.#fullProfileBy ??= id;
    this.#warmer.warm({ id, rows, isGuessed, golden, maxBatchSize, limitMs, profile }, (result) => {
      if (result.kind === 'warm') {
        this.#reports.set(id, result.report);
        this.warmed.emit(result.report);
      }
      done(result);
    });
  }

  /** What its practice has shown is of no use: somebody practises with every size anew. */
  repeat(id: ReplicaId): void {
    this.#reports.delete(id);
    this.#fullProfileBy = undefined;
  }

  /** The replica's life is over. */
  lost(id: ReplicaId): void {
    if (id === this.#fullProfileBy && !this.#reports.has(id)) this.#fullProfileBy = undefined;
  }
}
