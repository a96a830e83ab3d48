import type { Clock } from '../base/clock.ts';
import { Event } from '../base/event.ts';
import type { Random } from '../base/random.ts';
import type { HealthSettings } from '../config/health-settings.ts';
import { decideRestart, isGoodLife } from '../health/restart-policy.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import type { Exit, ReplicaId, Spawner } from '../replica/replica.ts';
import { checkTransition, type ReplicaState } from '../replica/replica-state.ts';
import type { Roster } from '../replica/roster.ts';
import { emptyPlace, exitText, type Place, type ReplicaStatus, statusOf } from './place.ts';

/** A replica has gone from one state to another. */
export interface ReplicaMoved {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly from: ReplicaState;
  readonly to: ReplicaState;
  readonly reason: string;
}

/** What a supervisor needs of the world. */
export interface SupervisorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly spawner: Spawner;
  readonly roster: Roster;
  /** Credits or readiness have changed. */
  readonly wake: () => void;
  /** Has a loaded replica practise; `ready` is called when it may take traffic, `failed` when it cannot. */
  readonly warm: (
    id: ReplicaId,
    metadata: ModelMetadata,
    ready: () => void,
    failed: (why: string) => void,
  ) => void;
}

/** Keeps as many replicas of one version alive as are wanted. It reconciles: every event leads to the same question. */
export class Supervisor {
  readonly moved = new Event<ReplicaMoved>();
  readonly loaded = new Event<ModelMetadata>();
  /** A replica has ended, or was never there to be ended. */
  readonly ended = new Event<ReplicaId>();
  /** A replica was given up; the message says why. */
  readonly gaveUp = new Event<string>();
  readonly #name: string;
  readonly #settings: HealthSettings;
  readonly #weights: readonly number[];
  readonly #ports: SupervisorPorts;
  readonly #places: Place[] = [];

  constructor(name: string, settings: HealthSettings, weights: readonly number[], ports: SupervisorPorts) {
    this.#name = name;
    this.#settings = settings;
    this.#weights = weights;
    this.#ports = ports;
  }

  /** Sets how many replicas there should be. */
  want(count: number): void {
    while (this.#places.length < count) this.#open(this.#places.length);
    for (const place of this.#places.splice(count)) this.#close(place, 'drain', 'fewer replicas are wanted');
  }

  /** Ends every replica: `drain` lets it finish what runs. */
  stop(how: 'drain' | 'kill'): void {
    for (const place of this.#places) this.#close(place, how, 'the version is stopped');
  }

  /** Whether no replica process is left. */
  get isStopped(): boolean {
    return this.#places.every(
      ({ state, replica }) => replica === undefined && (state === 'stopped' || state === 'failed'),
    );
  }

  replicas(): ReplicaStatus[] {
    return this.#places.map(statusOf);
  }

  #open(index: number): void {
    const place = emptyPlace(`${this.#name}#${index}`, index);
    this.#places.push(place);
    this.#spawn(place);
  }

  #spawn(place: Place): void {
    place.incarnation += 1;
    place.readyAt = undefined;
    place.endedFor = undefined;
    place.beat = undefined;
    place.batchesBefore = undefined;
    this.#goTo(place, 'starting', place.reason);
    const { incarnation } = place;
    // Reports of an earlier life die here: a late exit must not end its successor.
    const ifCurrent =
      <Fact extends unknown[]>(handle: (...facts: Fact) => void) =>
      (...facts: Fact) => {
        if (place.incarnation === incarnation && place.replica !== undefined) handle(...facts);
      };
    place.replica = this.#ports.spawner.spawn(place.id, incarnation, {
      loaded: ifCurrent((metadata) => this.#onLoaded(place, metadata)),
      loadFailed: ifCurrent((message) => this.#giveUp(place, message)),
      credited: ifCurrent((batches) => {
        this.#ports.roster.grant(place.id, batches);
        this.#ports.wake();
      }),
      beat: ifCurrent((beat) => {
        place.beat = beat;
        // Practice is no service: what a life has answered counts from the first beat after it became ready.
        if (place.readyAt !== undefined) place.batchesBefore ??= beat.batches;
        place.beatAt = this.#ports.clock.now();
      }),
      exited: ifCurrent((exit) => this.#onExited(place, exit)),
    });
    this.#ports.roster.add(place.replica, place.index, this.#weights[place.index] ?? 1);
    const { startupTimeoutMs } = this.#settings;
    place.alarm = this.#ports.clock.at(this.#ports.clock.now() + startupTimeoutMs, () =>
      this.#end(place, `it was not ready after ${startupTimeoutMs} ms`),
    );
  }

  #onLoaded(place: Place, metadata: ModelMetadata): void {
    // It may be on its way out already, and say so late.
    if (place.state !== 'starting') return;
    this.#goTo(place, 'warming', 'the model is loaded');
    place.beatAt = this.#ports.clock.now();
    this.#watchBeats(place);
    this.loaded.emit(metadata);
    const { incarnation } = place;
    const isWarming = () => place.incarnation === incarnation && place.state === 'warming';
    this.#ports.warm(
      place.id,
      metadata,
      () => {
        if (!isWarming()) return;
        place.alarm?.cancel();
        place.readyAt = this.#ports.clock.now();
        this.#ports.roster.setReady(place.id, true);
        this.#goTo(place, 'ready', 'warmup is over');
        this.#ports.wake();
      },
      (why) => {
        if (isWarming()) this.#giveUp(place, `warmup failed: ${why}`);
      },
    );
  }

  #onExited(place: Place, exit: Exit): void {
    place.alarm?.cancel();
    place.beatAlarm?.cancel();
    this.#ports.roster.remove(place.id);
    place.replica = undefined;
    if (place.state === 'draining') this.#goTo(place, 'stopped', 'drained');
    else if (place.state !== 'failed') this.#restart(place, exit);
    this.ended.emit(place.id);
  }

  #restart(place: Place, exit: Exit): void {
    const { clock, random } = this.#ports;
    const reason = place.endedFor ?? exitText(exit);
    const readyForMs = place.readyAt === undefined ? undefined : clock.now() - place.readyAt;
    const batches = (place.beat?.batches ?? 0) - (place.batchesBefore ?? place.beat?.batches ?? 0);
    const wasGood = isGoodLife({ readyForMs, batches });
    place.badLivesInARow = wasGood ? 0 : place.badLivesInARow + 1;
    const decision = decideRestart(this.#settings.maxBadLives, place, random.unit());
    if (decision.kind === 'give up') {
      this.#goTo(place, 'failed', `${decision.reason}; the last: ${reason}`);
      this.gaveUp.emit(place.reason);
      return;
    }
    this.#goTo(place, 'backoff', reason);
    place.alarm = clock.at(clock.now() + decision.afterMs, () => this.#spawn(place));
  }

  #giveUp(place: Place, message: string): void {
    if (place.state !== 'starting' && place.state !== 'warming') return;
    this.#goTo(place, 'failed', message);
    place.alarm?.cancel();
    place.replica?.stop('kill');
    this.gaveUp.emit(message);
  }

  #end(place: Place, why: string): void {
    place.endedFor = why;
    place.replica?.stop('kill');
  }

  /**
   * Ends a replica that has fallen silent. When the alarm itself comes late, it was the gateway that stood
   * still and the beats are waiting to be read: then it looks again a period later.
   */
  #watchBeats(place: Place): void {
    const { clock } = this.#ports;
    const { beatPeriodMs, missedBeats } = this.#settings;
    const dueMs = Math.max(place.beatAt + beatPeriodMs * missedBeats, clock.now() + beatPeriodMs);
    place.beatAlarm = clock.at(dueMs, () => {
      const silentMs = clock.now() - place.beatAt;
      const wasStalled = clock.now() - dueMs > beatPeriodMs;
      if (!wasStalled && silentMs >= beatPeriodMs * missedBeats) {
        this.#end(place, `no sign of life for ${Math.round(silentMs)} ms`);
      } else {
        this.#watchBeats(place);
      }
    });
  }

  #close(place: Place, how: 'drain' | 'kill', reason: string): void {
    this.#ports.roster.setReady(place.id, false);
    if (place.replica !== undefined) {
      // A failed one is already on its way out; killing hurries what drains.
      if (place.state !== 'draining' && place.state !== 'failed') {
        place.alarm?.cancel();
        place.beatAlarm?.cancel();
        this.#goTo(place, 'draining', reason);
        place.replica.stop(how);
      } else if (how === 'kill') {
        place.replica.stop('kill');
      }
    } else if (place.state !== 'stopped') {
      place.alarm?.cancel();
      this.#goTo(place, 'stopped', reason);
      this.ended.emit(place.id);
    }
  }

  #goTo(place: Place, to: ReplicaState, reason: string): void {
    const from = place.state;
    checkTransition(place.id, from, to);
    place.state = to;
    place.reason = reason;
    this.moved.emit({ replica: place.id, incarnation: place.incarnation, from, to, reason });
  }
}
