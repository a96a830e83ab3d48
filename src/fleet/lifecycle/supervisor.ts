import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { HealthSettings } from '../../config/health-settings.ts';
import type { EndedIncarnation, RestartDecision } from '../../health/restart-policy.ts';
import { type Exit, exitText } from '../../replica/exit.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { HealthStatus } from '../../replica/replica-state.ts';
import type { TrialResult } from '../../serving/recovery/quarantine.ts';
import type { LossCause } from '../../work/outcome.ts';
import { type LifecyclePorts, ReplicaLifecycle } from './replica-lifecycle.ts';
import {
  type Ending,
  incarnationName,
  type LateError,
  ReplicaSlot,
  type ReplicaStatus,
  statusOf,
} from './replica-slot.ts';
import { Restarts } from './restarts.ts';

/** What a supervisor needs of the world. */
export interface SupervisorPorts extends LifecyclePorts {
  readonly random: Random;
  /** Whether what a replica was running at its end is to be tried before its incarnation may count. */
  readonly isOnTrial: (exit: Exit) => boolean;
}

/** Keeps as many replicas of one version alive as are wanted: every event leads to the same question. */
export class Supervisor {
  /** A replica has ended. */
  readonly ended = new Event<ReplicaId>();
  /** A replica was ended by an error that belongs to no batch: the model's mistake. */
  readonly lateError = new Event<LateError>();
  readonly lifecycle: ReplicaLifecycle;
  readonly #name: string;
  readonly #settings: HealthSettings;
  readonly #ports: SupervisorPorts;
  readonly #restarts: Restarts;
  #slots: ReplicaSlot[] = [];
  /** Slots that are no longer wanted and still have somebody in them. */
  #closing: ReplicaSlot[] = [];
  /** Slots whose turn to begin a process has come, while only one may at a time. */
  #queueing: ReplicaSlot[] = [];

  constructor(name: string, settings: HealthSettings, weights: readonly number[], ports: SupervisorPorts) {
    this.#name = name;
    this.#settings = settings;
    this.#ports = ports;
    this.#restarts = new Restarts(settings.restart, ports.random);
    this.lifecycle = new ReplicaLifecycle(settings, weights, ports, (slot, exit) =>
      this.#onExited(slot, exit),
    );
    this.lifecycle.moved.on(({ to }) => {
      if (to === 'ready' || to === 'failed') this.#spawnNext();
    });
  }

  /** How many replicas there should be. */
  get wanted(): number {
    return this.#slots.length;
  }

  /** Sets how many replicas there should be. */
  want(count: number): void {
    while (this.#slots.length < count) this.#open();
    this.#close(this.#slots.slice(count), 'fewer replicas are wanted');
  }

  /** Ends every replica: `drain` lets it finish what runs. */
  stop(how: 'drain' | 'kill'): void {
    this.#close([...this.#slots], 'the version is stopped');
    if (how === 'kill') for (const { replica } of this.#closing) replica?.kill('ended');
  }

  /** Whether no replica process is left. */
  get isStopped(): boolean {
    return this.#slots.length === 0 && this.#closing.length === 0;
  }

  replicas(): ReplicaStatus[] {
    return [...this.#slots, ...this.#closing].map(statusOf);
  }

  /** The slot of a replica that is wanted; undefined when there is none under this id. */
  find(id: ReplicaId): ReplicaSlot | undefined {
    return this.#slots.find((slot) => slot.id === id);
  }

  /** Whether a replica is on its way to be ready. */
  get isOneComing(): boolean {
    return this.#slots.some((slot) => slot.isComing || slot.state === 'draining');
  }

  /** How well a replica does, as whoever watches it finds; nothing happens when it is on its way out. */
  assess(id: ReplicaId, healthStatus: HealthStatus, reason: string): void {
    const slot = this.find(id);
    if (slot?.healthStatus === undefined || slot.ending !== undefined || slot.healthStatus === healthStatus)
      return;
    this.#ports.roster.setHealthStatus(id, healthStatus);
    slot.goTo(healthStatus, reason, this.#ports.clock.now());
    this.#ports.wake();
  }

  /** Ends a replica now, for a fault; what it runs is lost for this cause. */
  kill(id: ReplicaId, cause: LossCause, reason: string): void {
    const slot = this.find(id);
    if (slot?.replica === undefined || slot.state === 'failed') return;
    slot.ending ??= { reason, afterwards: 'fault' };
    slot.replica.kill(cause);
  }

  /** Lets a replica that serves finish what it runs, then ends it. Whether there was one. */
  drain(id: ReplicaId, ending: Ending): boolean {
    const slot = this.find(id);
    if (slot?.healthStatus === undefined || slot.ending !== undefined) return false;
    this.lifecycle.startDrain(slot, ending);
    return true;
  }

  /** Begins a process in a slot that has none: an operator has mended what was wrong. Whether there was such a slot. */
  revive(id: ReplicaId, reason: string): boolean {
    const slot = this.find(id);
    if (slot === undefined || slot.replica !== undefined) return false;
    this.#restarts.resetHistory();
    slot.isHopeless = false;
    slot.alarm?.cancel();
    this.#queueing = this.#queueing.filter((other) => other !== slot);
    this.lifecycle.begin(slot, reason);
    return true;
  }

  /** What a replica was running when a process of it ended has been tried. */
  tried({ replica, incarnation, isTheModels }: TrialResult): void {
    this.#restarts.tried(incarnationName(replica, incarnation), isTheModels);
  }

  /** Tries no more with a replica that no restart has mended. */
  giveUp(id: ReplicaId, message: string): void {
    const slot = this.find(id);
    if (slot !== undefined) this.lifecycle.giveUp(slot, message, 'the replica');
  }

  #open(): void {
    const taken = new Set([...this.#slots, ...this.#closing].map(({ index }) => index));
    let index = 0;
    while (taken.has(index)) index += 1;
    const id = `${this.#name}#${index}`;
    const slot = new ReplicaSlot(id, index, this.#ports.clock.now(), (moved) =>
      this.lifecycle.moved.emit(moved),
    );
    this.#slots.push(slot);
    this.lifecycle.begin(slot, 'wanted');
  }

  #onExited(slot: ReplicaSlot, exit: Exit): void {
    if (slot.state === 'failed') this.#retryLater(slot);
    else if (slot.state === 'draining') this.#afterDrain(slot);
    else this.#afterFault(slot, exit);
    this.#closing = this.#closing.filter((other) => other !== slot);
    this.ended.emit(slot.id);
    this.#spawnNext();
  }

  #afterDrain(slot: ReplicaSlot): void {
    const { reason, afterwards } = slot.ending ?? { reason: 'drained', afterwards: 'stay' };
    slot.goTo('stopped', reason, this.#ports.clock.now());
    if (afterwards === 'again') this.lifecycle.begin(slot, reason);
  }

  #afterFault(slot: ReplicaSlot, exit: Exit): void {
    const now = this.#ports.clock.now();
    const reason = slot.ending?.reason ?? exitText(exit);
    const incarnation = {
      readyForMs: slot.readyAt === undefined ? undefined : now - slot.readyAt,
      batches: slot.batchesServed,
      // Our own reasons to end it go by other causes.
      wasKilledFromOutside: exit.cause === 'stopped' || exit.cause === 'killed',
    };
    const decision = this.#afterIncarnation(slot, exit, incarnation);
    if (decision.kind === 'give up') {
      slot.goTo('failed', `${decision.reason}; the last: ${reason}`, now);
      this.lifecycle.gaveUp.emit(slot.reason);
      this.#retryLater(slot);
      return;
    }
    slot.goTo('backoff', reason, now);
    slot.alarm = this.#ports.clock.at(now + decision.afterMs, () => {
      this.#queueing.push(slot);
      this.#spawnNext();
    });
  }

  #afterIncarnation(slot: ReplicaSlot, exit: Exit, incarnation: EndedIncarnation): RestartDecision {
    const [now, isOnTrial] = [this.#ports.clock.now(), this.#ports.isOnTrial(exit)];
    if (exit.cause === 'late error') {
      this.lateError.emit(slot.noteLateError(exit));
      return this.#restarts.afterLateError(incarnation, now);
    }
    if (!isOnTrial) return this.#restarts.afterIncarnation(incarnation, now);
    // An error that was thrown into a batch of several may have come too early for its own input to be found alone.
    const mayCount = exit.stack === undefined;
    return this.#restarts.afterIncarnationOnTrial(
      incarnationName(slot.id, slot.incarnation),
      incarnation,
      now,
      mayCount,
    );
  }

  /** Those whose delay is over get a new incarnation: one at a time when many ended together. */
  #spawnNext(): void {
    const isOneByOne = this.#restarts.mustComeOneByOne(this.wanted, this.#ports.clock.now());
    while (this.#queueing.length > 0) {
      const isOneStarting = this.#slots.some(({ state }) => state === 'starting' || state === 'warming');
      if (isOneByOne && isOneStarting) return;
      const slot = this.#queueing.shift() as ReplicaSlot;
      this.lifecycle.begin(slot, slot.reason);
    }
  }

  #retryLater(slot: ReplicaSlot): void {
    if (slot.isHopeless || !this.#slots.includes(slot)) return;
    const { clock } = this.#ports;
    slot.alarm = clock.at(clock.now() + this.#settings.restart.retryFailedMs, () => {
      slot.isTrial = true;
      this.lifecycle.begin(slot, 'given up before, tried once more');
    });
  }

  #close(slots: readonly ReplicaSlot[], reason: string): void {
    this.#slots = this.#slots.filter((slot) => !slots.includes(slot));
    this.#queueing = this.#queueing.filter((slot) => !slots.includes(slot));
    this.#closing.push(...slots);
    for (const slot of slots) {
      if (slot.replica === undefined) {
        slot.alarm?.cancel();
        if (slot.state !== 'stopped') slot.goTo('stopped', reason, this.#ports.clock.now());
        this.#closing = this.#closing.filter((other) => other !== slot);
        this.ended.emit(slot.id);
      } else if (slot.state === 'draining') {
        slot.ending = { reason, afterwards: 'stay' };
      } else if (slot.state !== 'failed') {
        // One that has failed is already on its way out.
        this.lifecycle.startDrain(slot, { reason, afterwards: 'stay' });
      }
    }
  }
}
