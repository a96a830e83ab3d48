import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import { type Exit, exitText } from '../../replica/exit.ts';
import { isSamePlacement, type Placement } from '../../replica/placement.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { HealthStatus } from '../../replica/replica-state.ts';
import type { TrialResult } from '../../serving/recovery/quarantine.ts';
import type { LossCause } from '../../work/outcome.ts';
import { inKeepOrder } from './keep-order.ts';
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

/** Dependencies of {@link Supervisor}. */
export interface SupervisorPorts extends LifecyclePorts {
  readonly random: Random;
  /** Whether the requests running at an exit must be retried before the incarnation may count as failed. */
  readonly isOnTrial: (exit: Exit) => boolean;
}

/** Keeps the configured number of replicas of one version running. */
export class Supervisor {
  /** A replica's process has ended, or its slot was closed. */
  readonly ended = new Event<ReplicaId>();
  /** A slot is gone. */
  readonly removed = new Event<ReplicaId>();
  /** A replica was ended by an error that belongs to no batch: a fault of the model. */
  readonly lateError = new Event<LateError>();
  readonly lifecycle: ReplicaLifecycle;
  /** It was left without a replica on purpose, and none is ready since. */
  isWaking = false;
  readonly #name: string;
  readonly #settings: Pick<ModelSettings, 'health' | 'balancing'>;
  readonly #ports: SupervisorPorts;
  readonly #restarts: Restarts;
  #slots: ReplicaSlot[] = [];
  /** Slots that are no longer wanted and still have a process. */
  #closing: ReplicaSlot[] = [];
  /** Slots whose restart delay has passed and that wait to start; they may have to start one at a time. */
  #queueing: ReplicaSlot[] = [];

  constructor(name: string, settings: Pick<ModelSettings, 'health' | 'balancing'>, ports: SupervisorPorts) {
    this.#name = name;
    this.#settings = settings;
    this.#ports = ports;
    this.#restarts = new Restarts(settings.health.restart, ports.random);
    this.lifecycle = new ReplicaLifecycle(name, settings.health, ports);
    this.lifecycle.exited.on(({ slot, exit }) => this.#onExited(slot, exit));
    this.lifecycle.moved.on(({ to }) => {
      if (to === 'ready') this.isWaking = false;
      if (to === 'ready' || to === 'failed') this.#spawnNext();
    });
  }

  /** The wanted number of replicas. */
  get wanted(): number {
    return this.#slots.length;
  }

  /**
   * Sets which replicas are wanted. Those that run where they are wanted stay; where there are too many, the least useful
   * end. Another placement is another replica.
   */
  want(placements: readonly Placement[]): void {
    this.isWaking ||= placements.length === 0;
    const missing = [...placements];
    const surplus = inKeepOrder(this.#slots, this.#ports.roster).filter(({ placement }) => {
      const index = missing.findIndex((each) => isSamePlacement(each, placement));
      if (index >= 0) missing.splice(index, 1);
      return index < 0;
    });
    for (const placement of missing) this.#open(placement);
    this.#close(surplus, 'the number of replicas was reduced');
  }

  /** Ends every replica; `drain` lets running batches finish. */
  stop(how: 'drain' | 'kill'): void {
    this.#close([...this.#slots], 'the version was stopped');
    if (how === 'kill') for (const { replica } of this.#closing) replica?.kill('ended');
  }

  /** Whether no slot is left, open or closing. */
  get isStopped(): boolean {
    return this.#slots.length === 0 && this.#closing.length === 0;
  }

  replicas(): ReplicaStatus[] {
    return [...this.#slots, ...this.#closing].map(statusOf);
  }

  /** The slot with this id; undefined when there is none or it is closing. */
  find(id: ReplicaId): ReplicaSlot | undefined {
    return this.#slots.find((slot) => slot.id === id);
  }

  /** Whether a replica is starting, warming up, waiting to restart or draining. */
  get isOneComing(): boolean {
    return this.#slots.some((slot) => slot.isComing || slot.state === 'draining');
  }

  /** Sets the health status of a replica; ignored when the replica has none or is being ended. */
  assess(id: ReplicaId, healthStatus: HealthStatus, reason: string): void {
    const slot = this.find(id);
    if (slot?.healthStatus === undefined || slot.ending !== undefined || slot.healthStatus === healthStatus)
      return;
    this.#ports.roster.setHealthStatus(id, healthStatus);
    slot.goTo(healthStatus, reason, this.#ports.clock.now());
    this.#ports.wake();
  }

  /** Ends a replica at once for a fault; its batches are lost with this cause. */
  kill(id: ReplicaId, cause: LossCause, reason: string): void {
    const slot = this.find(id);
    if (slot?.replica === undefined || slot.state === 'failed') return;
    slot.ending ??= { reason, afterwards: 'fault' };
    slot.replica.kill(cause);
  }

  /** Drains a serving replica, then ends it. Returns false when there is none or it is being ended. */
  drain(id: ReplicaId, ending: Ending): boolean {
    const slot = this.find(id);
    if (slot?.healthStatus === undefined || slot.ending !== undefined) return false;
    this.lifecycle.startDrain(slot, ending);
    return true;
  }

  /** Starts a process in a slot that has none, after an operator's fix. Returns false when there is no such slot. */
  revive(id: ReplicaId, reason: string): boolean {
    const slot = this.find(id);
    if (slot === undefined || slot.replica !== undefined || slot.state === 'waiting') return false;
    this.#restarts.resetHistory();
    slot.isHopeless = false;
    slot.alarm?.cancel();
    this.#queueing = this.#queueing.filter((other) => other !== slot);
    this.lifecycle.begin(slot, reason);
    return true;
  }

  /** Reports that the requests which a replica was running at an exit have been retried. */
  tried({ replica, incarnation, isTheModels }: TrialResult): void {
    this.#restarts.tried(incarnationName(replica, incarnation), isTheModels);
  }

  /** Gives up a replica that a restart did not fix. */
  giveUp(id: ReplicaId, message: string): void {
    const slot = this.find(id);
    if (slot !== undefined) this.lifecycle.giveUp(slot, message, 'the replica');
  }

  #open(placement: Placement): void {
    const taken = new Set([...this.#slots, ...this.#closing].map(({ index }) => index));
    let index = 0;
    while (taken.has(index)) index += 1;
    const id = `${this.#name}#${index}`;
    const weight = this.#settings.balancing.weights?.[index] ?? 1;
    const slot = new ReplicaSlot({ id, index, placement, weight }, this.#ports.clock.now(), (moved) =>
      this.lifecycle.moved.emit(moved),
    );
    this.#slots.push(slot);
    this.lifecycle.begin(slot, 'replica added');
  }

  #onExited(slot: ReplicaSlot, exit: Exit): void {
    if (slot.state === 'failed') this.#retryLater(slot);
    else if (slot.state === 'draining') this.#afterDrain(slot);
    else this.#afterFault(slot, exit);
    this.#afterEnd(slot);
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
    if (exit.cause === 'late error') this.lateError.emit(slot.noteLateError(exit));
    const decision = this.#restarts.afterExit(slot, exit, this.#ports.isOnTrial(exit), now);
    if (decision.kind === 'give up') {
      slot.goTo('failed', `${decision.reason}; last exit: ${reason}`, now);
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

  /** Starts the queueing slots: one at a time when many ended together. */
  #spawnNext(): void {
    const isOneByOne = this.#restarts.mustComeOneByOne(this.wanted, this.#ports.clock.now());
    while (this.#queueing.length > 0) {
      const isOneStarting = this.#slots.some((other) => other.isComing && other.state !== 'backoff');
      if (isOneByOne && isOneStarting) return;
      const slot = this.#queueing.shift() as ReplicaSlot;
      this.lifecycle.begin(slot, slot.reason);
    }
  }

  #retryLater(slot: ReplicaSlot): void {
    if (slot.isHopeless || !this.#slots.includes(slot)) return;
    const { clock } = this.#ports;
    slot.alarm = clock.at(clock.now() + this.#settings.health.restart.retryFailedMs, () => {
      slot.isTrial = true;
      this.lifecycle.begin(slot, 'retry after it was given up');
    });
  }

  /** A slot without a process is gone when it is closing. */
  #afterEnd(slot: ReplicaSlot): void {
    const isGone = this.#closing.includes(slot);
    if (isGone) this.#closing = this.#closing.filter((other) => other !== slot);
    this.ended.emit(slot.id);
    if (isGone) this.removed.emit(slot.id);
  }

  #close(slots: readonly ReplicaSlot[], reason: string): void {
    this.#slots = this.#slots.filter((slot) => !slots.includes(slot));
    this.#queueing = this.#queueing.filter((slot) => !slots.includes(slot));
    this.#closing.push(...slots);
    for (const slot of slots) {
      if (slot.replica === undefined) {
        slot.alarm?.cancel();
        slot.claim?.giveBack();
        if (slot.state !== 'stopped') slot.goTo('stopped', reason, this.#ports.clock.now());
        this.#afterEnd(slot);
      } else if (slot.state === 'draining') {
        slot.ending = { reason, afterwards: 'stay' };
      } else if (slot.state !== 'failed') {
        // The process of a failed slot is already being ended.
        this.lifecycle.startDrain(slot, { reason, afterwards: 'stay' });
      }
    }
  }
}
