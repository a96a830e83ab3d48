import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { HealthSettings } from '../../config/health-settings.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import { hasHealthStatus } from '../../replica/replica-state.ts';
import type { Roster } from '../../replica/roster.ts';
import type { BatchEnded, BatchStarted, Dispatcher } from '../../serving/dispatch/dispatcher.ts';
import type { PinnedSource } from '../../serving/dispatch/pinned-source.ts';
import type { Work } from '../../serving/dispatch/work-source.ts';
import type { Recovery } from '../../serving/recovery/recovery.ts';
import { isSynthetic } from '../../work/batch.ts';
import { Entry } from '../../work/entry.ts';
import { isInParts } from '../../work/lane.ts';
import type { ReplicaMoved } from '../lifecycle/replica-slot.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import { AnswerQuality } from './answer-quality.ts';
import { Conditions } from './conditions.ts';
import type { Golden } from './golden.ts';
import { Liveness } from './liveness.ts';
import { MemoryWatch } from './memory-watch.ts';
import { type Probed, Prober } from './prober.ts';
import { SlowStartRamp } from './slow-start-ramp.ts';
import { type Overdue, Watchdog } from './watchdog.ts';
import type { Watcher } from './watcher.ts';

/** Lower bound of a learned watchdog limit. */
const SHORTEST_WATCHDOG_MS = 5_000;
const WATCHDOG_FACTOR = 10;
const PROBE_FACTOR = 3;
/** A process without a heartbeat for so many heartbeat periods is taken to be stopped. */
const SILENT_PERIODS = 1.5;

/** Dependencies of {@link VersionHealth}. */
export interface VersionHealthPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly roster: Roster;
  readonly supervisor: Supervisor;
  readonly dispatcher: Dispatcher;
  readonly pinned: PinnedSource;
  readonly recovery: Recovery;
  readonly golden: () => Golden | undefined;
  readonly tellsHealth: () => boolean;
}

/** All health monitors of one version's replicas, subscribed to their events. */
export class VersionHealth {
  readonly conditions: Conditions;
  readonly prober: Prober;
  readonly memory: MemoryWatch;
  readonly #settings: HealthSettings;
  readonly #ports: VersionHealthPorts;
  readonly #watchdog: Watchdog;
  readonly #liveness: Liveness;
  readonly #quality: AnswerQuality;
  readonly #slowStartRamp: SlowStartRamp;
  readonly #watchers: readonly Watcher[];
  /** The incarnation in which a replica last returned wrong values. */
  readonly #wrongIn = new Map<ReplicaId, number>();

  constructor(settings: HealthSettings, ports: VersionHealthPorts) {
    const { clock, roster, supervisor, dispatcher, pinned, recovery } = ports;
    this.#settings = settings;
    this.#ports = ports;
    this.prober = new Prober(settings.readiness, { ...ports, wake: () => dispatcher.wake() });
    this.conditions = new Conditions(settings, {
      clock,
      supervisor,
      trial: (id, done) => this.prober.tryOut(id, done),
    });
    const { conditions } = this;
    this.memory = new MemoryWatch(settings.memory, {
      ...{ clock, supervisor, conditions },
      isIdle: (id) => (roster.view(id)?.running ?? 0) === 0,
    });
    this.#quality = new AnswerQuality(settings.ejection, { clock, roster, conditions });
    this.#slowStartRamp = new SlowStartRamp(clock, settings.slowStart, roster);
    this.#liveness = new Liveness(clock, settings.liveness, (id, silentMs) =>
      supervisor.kill(id, 'stopped', `no heartbeat for ${Math.round(silentMs)} ms`),
    );
    this.#watchdog = new Watchdog(
      clock,
      (started) => this.#limitsMs(started),
      (overdue) => this.#onOverdue(overdue),
    );
    // Conditions come first: what the others find is held against the process that has just opened.
    this.#watchers = [
      this.conditions,
      this.#liveness,
      this.prober,
      this.memory,
      this.#quality,
      this.#slowStartRamp,
      { closed: (id) => pinned.drop(id) },
      { closed: (id) => recovery.withdraw(id) },
      { removed: (id) => this.#wrongIn.delete(id) },
    ];
    supervisor.lifecycle.moved.on((moved) => this.#onMoved(moved));
    supervisor.lifecycle.withdrawn.on((id) => this.#closed(id));
    supervisor.removed.on((id) => {
      for (const watcher of this.#watchers) watcher.removed?.(id);
    });
    supervisor.ended.on((id) => this.#watchdog.forget(id));
    supervisor.lifecycle.heartbeatReceived.on(({ replica, heartbeat }) => {
      this.#liveness.heartbeatReceived(replica);
      if (supervisor.find(replica)?.healthStatus !== undefined)
        this.memory.onHeartbeat(replica, heartbeat.rssBytes);
    });
    dispatcher.batchStarted.on((started) => this.#watchdog.started(started));
    dispatcher.batchEnded.on((ended) => this.#onBatch(ended));
    recovery.cleared.on((id) => this.#quality.clearFailure(id));
    this.prober.concluded.on(({ probed, misses, isDown }) => this.#onConcluded(probed, misses, isDown));
    this.conditions.restored.on((id) => this.#slowStartRamp.begin(id));
  }

  start(): void {
    this.#quality.start();
  }

  stop(): void {
    this.#quality.stop();
  }

  #onMoved({ replica, incarnation, from, to }: ReplicaMoved): void {
    if (to === 'warming') for (const watcher of this.#watchers) watcher.loaded?.(replica);
    else if (to === 'ready' && from === 'warming') {
      for (const watcher of this.#watchers) watcher.opened?.(replica, incarnation);
    } else if (!hasHealthStatus(to) && to !== 'starting') {
      this.#closed(replica);
    }
  }

  #closed(id: ReplicaId): void {
    for (const watcher of this.#watchers) watcher.closed?.(id);
  }

  #onBatch(ended: BatchEnded): void {
    const { work, replica, outcome, refusedMembers } = ended;
    this.#watchdog.ended(ended);
    if (outcome.kind === 'done') {
      // Warmup runs are recorded as a whole at the end: the first ones are cold.
      if (work.reason !== 'warmup')
        this.#ports.roster.observe(replica.id, work.lane, work.rows, outcome.computeMs);
      if (refusedMembers === 0 && !isSynthetic(work.reason)) this.prober.succeeded(replica.id);
    }
    this.#quality.onBatch(ended);
  }

  /** A probe has its own limit before the one of every batch; a warmup run has none. */
  #limitsMs({ work, replica }: BatchStarted): readonly number[] {
    const { watchdogMs, readiness } = this.#settings;
    if (work.reason === 'warmup') return [];
    const usualMs = this.#ports.roster.view(replica.id)?.service.predictMs(work.rows, work.lane) ?? 0;
    const limitMs = watchdogMs ?? this.#ownLimitMs(work, usualMs);
    return work.reason === 'probe'
      ? [Math.min(limitMs, Math.max(readiness.timeoutMs, PROBE_FACTOR * usualMs)), limitMs]
      : [limitMs];
  }

  /**
   * How long a batch may run without `health.watchdogMs`. A size that has been seen often enough has a learned limit;
   * any other size, and a request whose batch was ended once for its time, may run as long as its callers' timeouts.
   */
  #ownLimitMs({ lane, rows, members, reason }: Work, usualMs: number): number {
    const learnedMs = Math.max(SHORTEST_WATCHDOG_MS, WATCHDOG_FACTOR * usualMs);
    const isSeen = !isInParts(lane) && this.#ports.roster.service.peek(lane)?.hasSeen(rows) === true;
    if ((isSeen && reason !== 'isolation' && reason !== 'retry') || isSynthetic(reason)) return learnedMs;
    const [first] = members;
    const isHurried =
      reason === 'isolation' && first instanceof Entry && this.#ports.recovery.mustMakeWay(first);
    if (isHurried) return learnedMs;
    let longestMs = learnedMs;
    for (const member of members) {
      if (member instanceof Entry) longestMs = Math.max(longestMs, member.deadline - member.receivedAt);
    }
    return longestMs;
  }

  /** A hanging batch of a caller ends the replica; a hanging probe fails its readiness check. */
  #onOverdue({ started, ranMs, limit }: Overdue): void {
    const { work, replica } = started;
    if (work.reason === 'probe' && limit === 0) {
      this.prober.overdue(replica.id, work, ranMs);
      return;
    }
    const reason = `a batch of ${work.rows} rows ran for ${Math.round(ranMs)} ms`;
    // Heartbeats continue while a model hangs. A process without heartbeats was stopped as a whole, presumably from
    // outside.
    const isStopped =
      this.#liveness.silentMs(replica.id) >= SILENT_PERIODS * this.#settings.heartbeatPeriodMs;
    const { supervisor } = this.#ports;
    if (isStopped) supervisor.kill(replica.id, 'stopped', `${reason}, and its process sent no heartbeat`);
    else supervisor.kill(replica.id, 'watchdog', reason);
  }

  #onConcluded(probed: Probed, misses: number, isDown: boolean): void {
    const { replica, result, detail } = probed;
    if (misses === 0) {
      // Successful batches prove that answers have the right form, not the right values.
      if (result === 'passed') this.conditions.clear(replica, 'readiness', 'golden');
      else this.conditions.clear(replica, 'readiness');
      return;
    }
    const cause = result === 'mismatch' ? 'golden' : 'readiness';
    if (isDown && cause === 'golden' && this.#isWrongAgain(replica, detail)) return;
    const text = misses === 1 ? detail : `${detail} (${misses} consecutive checks)`;
    this.conditions.raise(replica, cause, isDown ? 'down' : 'watch', text);
  }

  /** Gives up a replica whose wrong values a restart did not fix: another restart would not either. */
  #isWrongAgain(id: ReplicaId, detail: string): boolean {
    const { supervisor } = this.#ports;
    const incarnation = supervisor.find(id)?.incarnation ?? 0;
    const before = this.#wrongIn.get(id);
    this.#wrongIn.set(id, incarnation);
    if (before === undefined || before !== incarnation - 1) return false;
    supervisor.giveUp(id, `${detail}, also after a restart`);
    return true;
  }
}
