import type { Clock } from '../base/clock.ts';
import { Event } from '../base/event.ts';
import type { HealthSettings } from '../config/health-settings.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Exit } from '../replica/exit.ts';
import type { Beat, ReplicaId, Spawner } from '../replica/replica.ts';
import type { Roster } from '../replica/roster.ts';
import type { Ending, Place, ReplicaMoved } from './place.ts';

/**
 * What is to blame: this replica alone, a model that no replica can serve as its file is now, or settings that can never
 * fit the model.
 */
export type Fault = 'the replica' | 'the model' | 'the settings';

/** What lives need of the world. */
export interface LifePorts {
  readonly clock: Clock;
  readonly spawner: Spawner;
  readonly roster: Roster;
  /** Credits or readiness have changed. */
  readonly wake: () => void;
  /** Why a loaded model cannot serve here; undefined when it can. */
  readonly whyUnfit: (metadata: ModelMetadata) => string | undefined;
  /** Has a loaded replica practise; `ready` is called when it may take traffic, `failed` when it cannot. */
  readonly warm: (id: ReplicaId, ready: () => void, failed: (why: string, fault: Fault) => void) => void;
}

/** The course of a replica's life from its birth to its exit; what follows an exit is for the supervisor to say. */
export class Lives {
  readonly moved = new Event<ReplicaMoved>();
  readonly beaten = new Event<{ readonly replica: ReplicaId; readonly beat: Beat }>();
  /** A replica is to get nothing more, though it may still run something. */
  readonly leaving = new Event<ReplicaId>();
  /** A replica was given up; the message says why. */
  readonly gaveUp = new Event<string>();
  readonly #settings: HealthSettings;
  readonly #weights: readonly number[];
  readonly #ports: LifePorts;
  readonly #onExited: (place: Place, exit: Exit) => void;

  constructor(
    settings: HealthSettings,
    weights: readonly number[],
    ports: LifePorts,
    onExited: (place: Place, exit: Exit) => void,
  ) {
    this.#settings = settings;
    this.#weights = weights;
    this.#ports = ports;
    this.#onExited = onExited;
  }

  begin(place: Place, reason: string): void {
    const { clock, roster, spawner } = this.#ports;
    place.beginLife(reason, clock.now());
    const { incarnation } = place;
    // Reports of an earlier life die here: a late exit must not end its successor.
    const ifCurrent =
      <Fact extends unknown[]>(handle: (...facts: Fact) => void) =>
      (...facts: Fact) => {
        if (place.incarnation === incarnation && place.replica !== undefined) handle(...facts);
      };
    place.replica = spawner.spawn(place.id, incarnation, {
      loaded: ifCurrent((metadata) => this.#onLoaded(place, metadata)),
      loadFailed: ifCurrent((message) => this.giveUp(place, message, 'the model')),
      credited: ifCurrent((batches) => {
        roster.grant(place.id, batches);
        this.#ports.wake();
      }),
      beat: ifCurrent((beat) => {
        place.takeBeat(beat);
        this.beaten.emit({ replica: place.id, beat });
      }),
      exited: ifCurrent((exit) => {
        place.alarm?.cancel();
        roster.remove(place.id);
        place.replica = undefined;
        this.#onExited(place, exit);
      }),
    });
    roster.add(place.replica, place.index, this.#weights[place.index] ?? 1);
    const { startupTimeoutMs } = this.#settings;
    place.alarm = clock.at(clock.now() + startupTimeoutMs, () => {
      place.ending = { reason: `it was not ready after ${startupTimeoutMs} ms`, afterwards: 'fault' };
      place.replica?.kill('ended');
    });
  }

  /** No more work for it; when it has finished, or the time for that is over, it ends. */
  letGo(place: Place, ending: Ending): void {
    const { clock } = this.#ports;
    place.alarm?.cancel();
    place.ending = ending;
    this.#takeOut(place);
    if (ending.afterwards !== 'fault') place.goTo('draining', ending.reason, clock.now());
    place.replica?.drain();
    place.alarm = clock.at(clock.now() + this.#settings.drainTimeoutMs, () => place.replica?.kill('ended'));
  }

  /** Ends it. A model's file may be mended, so a later life tries again; what can never fit is not tried. */
  giveUp(place: Place, message: string, fault: Fault): void {
    if (place.state === 'failed' || place.state === 'draining' || place.replica === undefined) return;
    place.isHopeless = fault === 'the settings';
    place.alarm?.cancel();
    this.#takeOut(place);
    place.goTo('failed', message, this.#ports.clock.now());
    place.replica.kill('ended');
    this.gaveUp.emit(message);
  }

  #onLoaded(place: Place, metadata: ModelMetadata): void {
    // It may be on its way out already, and say so late.
    if (place.state !== 'starting') return;
    const unfit = this.#ports.whyUnfit(metadata);
    if (unfit !== undefined) {
      this.giveUp(place, unfit, 'the settings');
      return;
    }
    const { clock } = this.#ports;
    place.goTo('warming', 'the model is loaded', clock.now());
    const { incarnation } = place;
    const isWarming = () => place.incarnation === incarnation && place.state === 'warming';
    const ready = () => {
      if (!isWarming()) return;
      place.alarm?.cancel();
      place.readyAt = clock.now();
      place.isTrial = false;
      this.#ports.roster.setStanding(place.id, 'ready');
      place.goTo('ready', 'warmup is over', clock.now());
      this.#ports.wake();
    };
    this.#ports.warm(place.id, ready, (why, fault) => {
      if (!isWarming()) return;
      const reason = `warmup failed: ${why}`;
      if (fault !== 'the replica' || place.isTrial) {
        this.giveUp(place, reason, fault);
      } else {
        // The same input has been answered before: another life may do better.
        place.ending ??= { reason, afterwards: 'fault' };
        place.replica?.kill('ended');
      }
    });
  }

  #takeOut(place: Place): void {
    this.#ports.roster.setStanding(place.id, undefined);
    this.leaving.emit(place.id);
  }
}
