import { Event } from '../base/event.ts';
import type { Random } from '../base/random.ts';
import type { HealthSettings } from '../config/health-settings.ts';
import type { EndedLife, RestartDecision } from '../health/restart-policy.ts';
import { type Exit, exitText } from '../replica/exit.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { Standing } from '../replica/replica-state.ts';
import type { Verdict } from '../serving/quarantine.ts';
import type { LossCause } from '../work/outcome.ts';
import { type LifePorts, Lives } from './lives.ts';
import { type Ending, type LateError, lifeName, Place, type ReplicaStatus, statusOf } from './place.ts';
import { Restarts } from './restarts.ts';

/** What a supervisor needs of the world. */
export interface SupervisorPorts extends LifePorts {
  readonly random: Random;
  /** Whether what a replica was running at its end is to be tried before its life may count. */
  readonly isOnTrial: (exit: Exit) => boolean;
}

/** Keeps as many replicas of one version alive as are wanted: every event leads to the same question. */
export class Supervisor {
  /** A replica has ended. */
  readonly ended = new Event<ReplicaId>();
  /** A replica was ended by an error that belongs to no batch: the model's mistake. */
  readonly lateError = new Event<LateError>();
  readonly #name: string;
  readonly #settings: HealthSettings;
  readonly #ports: SupervisorPorts;
  readonly #restarts: Restarts;
  readonly #lives: Lives;
  #places: Place[] = [];
  /** Places that are no longer wanted and still have somebody in them. */
  #closing: Place[] = [];
  /** Places whose turn to begin a life has come, while only one may at a time. */
  #queueing: Place[] = [];

  constructor(name: string, settings: HealthSettings, weights: readonly number[], ports: SupervisorPorts) {
    this.#name = name;
    this.#settings = settings;
    this.#ports = ports;
    this.#restarts = new Restarts(settings.restart, ports.random);
    this.#lives = new Lives(settings, weights, ports, (place, exit) => this.#onExited(place, exit));
    this.#lives.moved.on(({ to }) => {
      if (to === 'ready' || to === 'failed') this.#spawnNext();
    });
  }

  get moved(): Lives['moved'] {
    return this.#lives.moved;
  }

  get beaten(): Lives['beaten'] {
    return this.#lives.beaten;
  }

  get leaving(): Lives['leaving'] {
    return this.#lives.leaving;
  }

  get gaveUp(): Lives['gaveUp'] {
    return this.#lives.gaveUp;
  }

  /** How many replicas there should be. */
  get wanted(): number {
    return this.#places.length;
  }

  /** Sets how many replicas there should be. */
  want(count: number): void {
    while (this.#places.length < count) this.#open();
    this.#close(this.#places.slice(count), 'fewer replicas are wanted');
  }

  /** Ends every replica: `drain` lets it finish what runs. */
  stop(how: 'drain' | 'kill'): void {
    this.#close([...this.#places], 'the version is stopped');
    if (how === 'kill') for (const { replica } of this.#closing) replica?.kill('ended');
  }

  /** Whether no replica process is left. */
  get isStopped(): boolean {
    return this.#places.length === 0 && this.#closing.length === 0;
  }

  replicas(): ReplicaStatus[] {
    return [...this.#places, ...this.#closing].map(statusOf);
  }

  /** The place of a replica that is wanted; undefined when there is none under this id. */
  find(id: ReplicaId): Place | undefined {
    return this.#places.find((place) => place.id === id);
  }

  /** Whether a replica is on its way to be ready. */
  get isOneComing(): boolean {
    return this.#places.some((place) => place.isComing || place.state === 'draining');
  }

  /** How well a replica does, as whoever watches it finds; nothing happens when it is on its way out. */
  assess(id: ReplicaId, standing: Standing, reason: string): void {
    const place = this.find(id);
    if (place?.standing === undefined || place.ending !== undefined || place.standing === standing) return;
    this.#ports.roster.setStanding(id, standing);
    place.goTo(standing, reason, this.#ports.clock.now());
    this.#ports.wake();
  }

  /** Ends a replica now, for a fault; what it runs is lost for this cause. */
  kill(id: ReplicaId, cause: LossCause, reason: string): void {
    const place = this.find(id);
    if (place?.replica === undefined || place.state === 'failed') return;
    place.ending ??= { reason, afterwards: 'fault' };
    place.replica.kill(cause);
  }

  /** Lets a replica that serves finish what it runs, then ends it. Whether there was one. */
  drain(id: ReplicaId, ending: Ending): boolean {
    const place = this.find(id);
    if (place?.standing === undefined || place.ending !== undefined) return false;
    this.#lives.letGo(place, ending);
    return true;
  }

  /** Begins a life in a place that has none: an operator has mended what was wrong. Whether there was such a place. */
  revive(id: ReplicaId, reason: string): boolean {
    const place = this.find(id);
    if (place === undefined || place.replica !== undefined) return false;
    this.#restarts.forgive();
    place.isHopeless = false;
    place.alarm?.cancel();
    this.#queueing = this.#queueing.filter((other) => other !== place);
    this.#lives.begin(place, reason);
    return true;
  }

  /** What a replica was running when a life of it ended has been tried. */
  tried({ replica, incarnation, isTheModels }: Verdict): void {
    this.#restarts.tried(lifeName(replica, incarnation), isTheModels);
  }

  /** Tries no more with a replica that no restart has mended. */
  giveUp(id: ReplicaId, message: string): void {
    const place = this.find(id);
    if (place !== undefined) this.#lives.giveUp(place, message, 'the replica');
  }

  #open(): void {
    const taken = new Set([...this.#places, ...this.#closing].map(({ index }) => index));
    let index = 0;
    while (taken.has(index)) index += 1;
    const id = `${this.#name}#${index}`;
    const place = new Place(id, index, this.#ports.clock.now(), (moved) => this.moved.emit(moved));
    this.#places.push(place);
    this.#lives.begin(place, 'wanted');
  }

  #onExited(place: Place, exit: Exit): void {
    if (place.state === 'failed') this.#retryLater(place);
    else if (place.state === 'draining') this.#afterDrain(place);
    else this.#afterFault(place, exit);
    this.#closing = this.#closing.filter((other) => other !== place);
    this.ended.emit(place.id);
    this.#spawnNext();
  }

  #afterDrain(place: Place): void {
    const { reason, afterwards } = place.ending ?? { reason: 'drained', afterwards: 'stay' };
    place.goTo('stopped', reason, this.#ports.clock.now());
    if (afterwards === 'again') this.#lives.begin(place, reason);
  }

  #afterFault(place: Place, exit: Exit): void {
    const now = this.#ports.clock.now();
    const reason = place.ending?.reason ?? exitText(exit);
    const life = {
      readyForMs: place.readyAt === undefined ? undefined : now - place.readyAt,
      batches: place.batchesServed,
      // Our own reasons to end it go by other causes.
      wasKilledFromOutside: exit.cause === 'stopped' || exit.cause === 'killed',
    };
    const decision = this.#afterLife(place, exit, life);
    if (decision.kind === 'give up') {
      place.goTo('failed', `${decision.reason}; the last: ${reason}`, now);
      this.gaveUp.emit(place.reason);
      this.#retryLater(place);
      return;
    }
    place.goTo('backoff', reason, now);
    place.alarm = this.#ports.clock.at(now + decision.afterMs, () => {
      this.#queueing.push(place);
      this.#spawnNext();
    });
  }

  #afterLife(place: Place, exit: Exit, life: EndedLife): RestartDecision {
    const [now, isOnTrial] = [this.#ports.clock.now(), this.#ports.isOnTrial(exit)];
    if (exit.cause === 'late error') {
      this.lateError.emit(place.noteLateError(exit));
      return this.#restarts.afterLateError(life, now);
    }
    if (!isOnTrial) return this.#restarts.afterLife(life, now);
    // An error that was thrown into a batch of several may have come too early for its own input to be found alone.
    const mayCount = exit.stack === undefined;
    return this.#restarts.afterLifeOnTrial(lifeName(place.id, place.incarnation), life, now, mayCount);
  }

  /** Those whose delay is over get a new life: one at a time when many ended together. */
  #spawnNext(): void {
    const isOneByOne = this.#restarts.mustComeOneByOne(this.wanted, this.#ports.clock.now());
    while (this.#queueing.length > 0) {
      const isOneStarting = this.#places.some(({ state }) => state === 'starting' || state === 'warming');
      if (isOneByOne && isOneStarting) return;
      const place = this.#queueing.shift() as Place;
      this.#lives.begin(place, place.reason);
    }
  }

  #retryLater(place: Place): void {
    if (place.isHopeless || !this.#places.includes(place)) return;
    const { clock } = this.#ports;
    place.alarm = clock.at(clock.now() + this.#settings.restart.retryFailedMs, () => {
      place.isTrial = true;
      this.#lives.begin(place, 'given up before, tried once more');
    });
  }

  #close(places: readonly Place[], reason: string): void {
    this.#places = this.#places.filter((place) => !places.includes(place));
    this.#queueing = this.#queueing.filter((place) => !places.includes(place));
    this.#closing.push(...places);
    for (const place of places) {
      if (place.replica === undefined) {
        place.alarm?.cancel();
        if (place.state !== 'stopped') place.goTo('stopped', reason, this.#ports.clock.now());
        this.#closing = this.#closing.filter((other) => other !== place);
        this.ended.emit(place.id);
      } else if (place.state === 'draining') {
        place.ending = { reason, afterwards: 'stay' };
      } else if (place.state !== 'failed') {
        // One that has failed is already on its way out.
        this.#lives.letGo(place, { reason, afterwards: 'stay' });
      }
    }
  }
}
