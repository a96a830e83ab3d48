import type { Clock, Timer } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import { SlidingWindow } from '../../base/sliding-window.ts';
import type { HealthSettings } from '../../config/health-settings.ts';
import { mayEject } from '../../health/ejection-policy.ts';
import { type Condition, type ConditionCause, evaluateHealth } from '../../health/health-status.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Watcher } from './watcher.ts';

/** Window in which ejections for errors are counted. */
const EJECTIONS_WINDOW_MS = 600_000;

/** Conditions of one replica in its present process. */
class HeldConditions {
  readonly conditions = new Map<ConditionCause, Condition>();
  readonly errorEjections = new SlidingWindow(EJECTIONS_WINDOW_MS);
  isOnTrial = false;
  trialAlarm: Timer | undefined;
  restartAlarm: Timer | undefined;
}

/** An ejection: the replica was removed from the pick. */
export interface Ejected {
  readonly replica: ReplicaId;
  readonly causes: readonly ConditionCause[];
  readonly reason: string;
}

/** Dependencies of {@link Conditions}. */
export interface ConditionsPorts {
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** Runs one prediction on an ejected replica before it is restored. */
  readonly trial: (id: ReplicaId, done: (passed: boolean) => void) => void;
}

/** The conditions of a version's replicas and their consequences: degraded, ejected or restarted. */
export class Conditions implements Watcher {
  readonly ejected = new Event<Ejected>();
  /** An ejected replica was restored. */
  readonly restored = new Event<ReplicaId>();
  readonly #settings: HealthSettings;
  readonly #ports: ConditionsPorts;
  readonly #byReplica = new Map<ReplicaId, HeldConditions>();

  constructor(settings: HealthSettings, ports: ConditionsPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** To be called when a process has become ready; it starts without conditions. */
  opened(id: ReplicaId): void {
    this.closed(id);
    this.#byReplica.set(id, new HeldConditions());
  }

  closed(id: ReplicaId): void {
    this.#byReplica.get(id)?.restartAlarm?.cancel();
    this.#byReplica.get(id)?.trialAlarm?.cancel();
    this.#byReplica.delete(id);
  }

  conditionsOf(id: ReplicaId): readonly Condition[] {
    return [...(this.#byReplica.get(id)?.conditions.values() ?? [])];
  }

  /** Whether a replica serves and has no condition that ejects it. Every request through a route asks, so it copies nothing. */
  get hasFit(): boolean {
    for (const [id, held] of this.#byReplica) {
      const healthStatus = this.#ports.supervisor.find(id)?.healthStatus;
      if (healthStatus !== undefined && healthStatus !== 'ejected' && !this.#isDown(held)) return true;
    }
    return false;
  }

  raise(id: ReplicaId, cause: ConditionCause, severity: Condition['severity'], detail: string): void {
    const held = this.#byReplica.get(id);
    if (held === undefined) return;
    const before = held.conditions.get(cause);
    const since = before?.severity === severity ? before.since : this.#ports.clock.now();
    held.conditions.set(cause, { cause, severity, since, detail });
    this.#assess(id, held);
    const isOut = this.#ports.supervisor.find(id)?.healthStatus === 'ejected';
    if (cause === 'errors' && isOut) this.#countEjection(id, held);
    if (severity === 'down' && (cause === 'readiness' || cause === 'golden')) this.#restartLater(id, held);
  }

  clear(id: ReplicaId, ...causes: readonly ConditionCause[]): void {
    const held = this.#byReplica.get(id);
    if (held === undefined) return;
    let hasCleared = false;
    for (const cause of causes) hasCleared = held.conditions.delete(cause) || hasCleared;
    if (hasCleared) this.#assess(id, held);
  }

  #isDown({ conditions }: HeldConditions): boolean {
    for (const { severity } of conditions.values()) if (severity === 'down') return true;
    return false;
  }

  #assess(id: ReplicaId, held: HeldConditions): void {
    const { supervisor } = this.#ports;
    const now = supervisor.find(id)?.healthStatus;
    if (now === undefined) return;
    if (now === 'ejected' && !this.#isDown(held)) {
      this.#beginTrial(id, held);
      return;
    }
    const conditions = [...held.conditions.values()];
    const out = supervisor.replicas().filter(({ state }) => state === 'ejected').length;
    const replicas = supervisor.wanted;
    const allowed = mayEject({ ...this.#settings.ejection, alwaysAllowOne: true }, replicas, out);
    const result = evaluateHealth(conditions, { replicas, mayEject: allowed, now });
    if (result.healthStatus === 'ejected' && now !== 'ejected') {
      const causes = conditions.filter(({ severity }) => severity === 'down').map(({ cause }) => cause);
      this.ejected.emit({ replica: id, causes, reason: result.reason });
    }
    supervisor.assess(id, result.healthStatus, result.reason);
  }

  /** No condition ejects the replica any more: it is restored when one more prediction succeeds. */
  #beginTrial(id: ReplicaId, held: HeldConditions): void {
    if (held.isOnTrial) return;
    held.isOnTrial = true;
    this.#ports.trial(id, (passed) => {
      held.isOnTrial = false;
      if (this.#byReplica.get(id) !== held || this.#isDown(held)) return;
      if (!passed) {
        this.#beginTrialLater(id, held);
        return;
      }
      const conditions = [...held.conditions.values()];
      const facts = { replicas: this.#ports.supervisor.wanted, mayEject: true, now: 'ejected' } as const;
      this.restored.emit(id);
      this.#ports.supervisor.assess(
        id,
        evaluateHealth(conditions, facts).healthStatus,
        'all conditions that ejected it are cleared',
      );
    });
  }

  #beginTrialLater(id: ReplicaId, held: HeldConditions): void {
    const { clock } = this.#ports;
    // Only the last alarm is cancelled when the conditions are closed.
    held.trialAlarm?.cancel();
    held.trialAlarm = clock.at(clock.now() + this.#settings.readiness.periodMs, () => {
      if (!this.#isDown(held)) this.#beginTrial(id, held);
    });
  }

  #countEjection(id: ReplicaId, held: HeldConditions): void {
    const now = this.#ports.clock.now();
    held.errorEjections.add(now);
    const times = held.errorEjections.count(now);
    if (times >= this.#settings.ejection.maxTimes) {
      this.#restart(id, held, `it was ejected ${times} times within 10 minutes (health.ejection.maxTimes)`);
    }
  }

  #restartLater(id: ReplicaId, held: HeldConditions): void {
    if (held.restartAlarm !== undefined) return;
    const { clock } = this.#ports;
    const { restartAfterMs } = this.#settings.readiness;
    held.restartAlarm = clock.at(clock.now() + restartAfterMs, () => {
      held.restartAlarm = undefined;
      const still = ['readiness', 'golden'].some(
        (cause) => held.conditions.get(cause as ConditionCause)?.severity === 'down',
      );
      if (still)
        this.#restart(
          id,
          held,
          `checks failed for ${Math.round(restartAfterMs / 1000)} s (health.readiness.restartAfterMs)`,
        );
    });
  }

  /** Restarts one replica at a time: waits while another one is starting or draining. */
  #restart(id: ReplicaId, held: HeldConditions, reason: string): void {
    const { clock, supervisor } = this.#ports;
    if (this.#byReplica.get(id) !== held) return;
    if (supervisor.isOneComing) {
      held.restartAlarm?.cancel();
      held.restartAlarm = clock.at(clock.now() + this.#settings.heartbeatPeriodMs, () =>
        this.#restart(id, held, reason),
      );
      return;
    }
    supervisor.drain(id, { reason, afterwards: 'fault' });
  }
}
