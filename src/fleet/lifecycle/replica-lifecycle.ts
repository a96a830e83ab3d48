import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { HealthSettings } from '../../config/health-settings.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Exit } from '../../replica/exit.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Heartbeat, ReplicaId, Spawner } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { Ending, ReplicaMoved, ReplicaSlot } from './replica-slot.ts';
import type { SpawnQueue } from './spawn-queue.ts';

/**
 * Where the fault lies: in this replica alone, in the model (no replica can serve the present file), or in settings
 * that can never fit the model.
 */
export type Fault = 'the replica' | 'the model' | 'the settings';

/** Dependencies of {@link ReplicaLifecycle}. */
export interface LifecyclePorts {
  readonly clock: Clock;
  readonly spawner: Spawner;
  readonly spawnQueue: SpawnQueue;
  readonly roster: Roster;
  /** To be called when credits or readiness have changed. */
  readonly wake: () => void;
  /** Why a loaded model cannot serve here; undefined when it can. */
  readonly whyUnfit: (metadata: ModelMetadata, placement: Placement) => string | undefined;
  /** Warms up a loaded replica; calls `ready` when the replica may take traffic, `failed` when it cannot. */
  readonly warm: (id: ReplicaId, ready: () => void, failed: (why: string, fault: Fault) => void) => void;
}

/** Moves one incarnation of a replica from spawn to exit. The supervisor decides what follows the exit. */
export class ReplicaLifecycle {
  readonly moved = new Event<ReplicaMoved>();
  readonly heartbeatReceived = new Event<{ readonly replica: ReplicaId; readonly heartbeat: Heartbeat }>();
  /** A replica gets no more work; it may still run a batch. */
  readonly withdrawn = new Event<ReplicaId>();
  /** A replica was given up; carries the reason. */
  readonly gaveUp = new Event<string>();
  /** A process has ended. */
  readonly exited = new Event<{ readonly slot: ReplicaSlot; readonly exit: Exit }>();
  readonly #name: string;
  readonly #settings: HealthSettings;
  readonly #ports: LifecyclePorts;

  constructor(name: string, settings: HealthSettings, ports: LifecyclePorts) {
    this.#name = name;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Starts a process as soon as the spawn queue has a place for it. */
  begin(slot: ReplicaSlot, reason: string): void {
    const { clock, spawnQueue } = this.#ports;
    slot.claim = spawnQueue.claim(this.#name, () => this.#spawn(slot, reason));
    if (!slot.claim.isWaiting) this.#spawn(slot, reason);
    else slot.goTo('waiting', `${reason}; as many replicas load as maxLoadingReplicas allows`, clock.now());
  }

  #spawn(slot: ReplicaSlot, reason: string): void {
    const { clock, roster, spawner } = this.#ports;
    slot.beginIncarnation(reason, clock.now());
    const { incarnation } = slot;
    // Drops reports of an earlier incarnation: a late exit must not end its successor.
    const ifCurrent =
      <Fact extends unknown[]>(handle: (...facts: Fact) => void) =>
      (...facts: Fact) => {
        if (slot.incarnation === incarnation && slot.replica !== undefined) handle(...facts);
      };
    slot.replica = spawner.spawn(slot.id, incarnation, slot.placement, {
      loaded: ifCurrent((metadata) => this.#onLoaded(slot, metadata)),
      loadFailed: ifCurrent((message) => this.giveUp(slot, message, 'the model')),
      credited: ifCurrent((batches) => {
        roster.grant(slot.id, batches);
        this.#ports.wake();
      }),
      heartbeat: ifCurrent((heartbeat) => {
        slot.takeHeartbeat(heartbeat);
        this.heartbeatReceived.emit({ replica: slot.id, heartbeat });
      }),
      exited: ifCurrent((exit) => {
        slot.claim?.giveBack();
        slot.alarm?.cancel();
        roster.remove(slot.id);
        slot.replica = undefined;
        this.exited.emit({ slot, exit });
      }),
    });
    roster.add(slot.replica, slot.index, slot.weight);
    const { startupTimeoutMs } = this.#settings;
    slot.alarm = clock.at(clock.now() + startupTimeoutMs, () => {
      slot.ending = {
        reason: `it was not ready within ${startupTimeoutMs} ms (health.startupTimeoutMs)`,
        afterwards: 'fault',
      };
      slot.replica?.kill('ended');
    });
  }

  /** Stops sending work to the slot; its process ends when it is idle or after `drainTimeoutMs`. */
  startDrain(slot: ReplicaSlot, ending: Ending): void {
    const { clock } = this.#ports;
    slot.alarm?.cancel();
    slot.ending = ending;
    this.#takeOut(slot);
    if (ending.afterwards !== 'fault') slot.goTo('draining', ending.reason, clock.now());
    slot.replica?.drain();
    slot.alarm = clock.at(clock.now() + this.#settings.drainTimeoutMs, () => slot.replica?.kill('ended'));
  }

  /** Ends the process as failed. A later incarnation retries (the file may be fixed), except for `the settings`. */
  giveUp(slot: ReplicaSlot, message: string, fault: Fault): void {
    if (slot.state === 'failed' || slot.state === 'draining' || slot.replica === undefined) return;
    slot.isHopeless = fault === 'the settings';
    slot.alarm?.cancel();
    this.#takeOut(slot);
    slot.goTo('failed', message, this.#ports.clock.now());
    slot.replica.kill('ended');
    this.gaveUp.emit(message);
  }

  #onLoaded(slot: ReplicaSlot, metadata: ModelMetadata): void {
    slot.claim?.giveBack();
    // The report may arrive after the slot has begun to drain.
    if (slot.state !== 'starting') return;
    slot.device = metadata.device ?? 'cpu';
    const unfit = this.#ports.whyUnfit(metadata, slot.placement);
    if (unfit !== undefined) {
      this.giveUp(slot, unfit, 'the settings');
      return;
    }
    const { clock } = this.#ports;
    slot.goTo('warming', 'model loaded', clock.now());
    const { incarnation } = slot;
    const isWarming = () => slot.incarnation === incarnation && slot.state === 'warming';
    const ready = () => {
      if (!isWarming()) return;
      slot.alarm?.cancel();
      slot.readyAt = clock.now();
      slot.isTrial = false;
      this.#ports.roster.setHealthStatus(slot.id, 'ready');
      slot.goTo('ready', 'warmup completed', clock.now());
      this.#ports.wake();
    };
    this.#ports.warm(slot.id, ready, (why, fault) => {
      if (!isWarming()) return;
      const reason = `warmup failed: ${why}`;
      if (fault !== 'the replica' || slot.isTrial) {
        this.giveUp(slot, reason, fault);
      } else {
        // Another replica has answered the same input, so another incarnation may succeed.
        slot.ending ??= { reason, afterwards: 'fault' };
        slot.replica?.kill('ended');
      }
    });
  }

  #takeOut(slot: ReplicaSlot): void {
    this.#ports.roster.setHealthStatus(slot.id, undefined);
    this.withdrawn.emit(slot.id);
  }
}
