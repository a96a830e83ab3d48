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

/** Batches shorter than this need no watchdog of their own. */
const SHORTEST_WATCHDOG_MS = 5_000;
const WATCHDOG_FACTOR = 10;
const PROBE_FACTOR = 3;
/** Heartbeats that a living process does not miss. */
const SILENT_BEATS = 1.5;

/** What the health of a version is wired to. */
export interface VersionHealthPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly roster: Roster;
  readonly supervisor: Supervisor;
  readonly dispatcher: Dispatcher;
  readonly pinned: PinnedSource;
  readonly recovery: Recovery;
  readonly golden: () => Golden | undefined;
}

/** Everything that watches the replicas of one version, wired to what they do. */
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
  /** The life in which a replica was last found to give wrong numbers. */
  readonly #wrongIn = new Map<ReplicaId, number>();

  constructor(settings: HealthSettings, ports: VersionHealthPorts) {
    const { clock, roster, supervisor, dispatcher, recovery } = ports;
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
      supervisor.kill(id, 'stopped', `no sign of life for ${Math.round(silentMs)} ms`),
    );
    this.#watchdog = new Watchdog(
      clock,
      (started) => this.#limitsMs(started),
      (overdue) => this.#onOverdue(overdue),
    );
    supervisor.lifecycle.moved.on((moved) => this.#onMoved(moved));
    supervisor.lifecycle.withdrawn.on((id) => this.#forget(id));
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

  /** Replicas that may be sent traffic with a good conscience. */
  get fitCount(): number {
    return this.#ports.supervisor
      .replicas()
      .filter(
        ({ replica, state }) =>
          state !== 'ejected' && hasHealthStatus(state) && this.conditions.isFit(replica),
      ).length;
  }

  #onMoved({ replica, incarnation, from, to }: ReplicaMoved): void {
    if (to === 'warming') this.#liveness.watch(replica);
    else if (to === 'ready' && from === 'warming') {
      this.conditions.open(replica);
      this.prober.watch(replica);
      if (incarnation > 1) this.#slowStartRamp.begin(replica);
    } else if (!hasHealthStatus(to) && to !== 'starting') {
      this.#forget(replica);
    }
  }

  /** Nothing about this life matters any more. */
  #forget(id: ReplicaId): void {
    const { pinned, recovery } = this.#ports;
    this.#liveness.forget(id);
    this.prober.forget(id);
    this.conditions.close(id);
    this.memory.forget(id);
    this.#slowStartRamp.forget(id);
    pinned.drop(id);
    recovery.leave(id);
  }

  #onBatch(ended: BatchEnded): void {
    const { work, replica, outcome, refusedMembers } = ended;
    this.#watchdog.ended(ended);
    if (outcome.kind === 'done') {
      // Rehearsal is looked at as a whole when it is over: its first runs are cold.
      if (work.reason !== 'warmup')
        this.#ports.roster.observe(replica.id, work.lane, work.rows, outcome.computeMs);
      if (refusedMembers === 0 && !isSynthetic(work.reason)) this.prober.succeeded(replica.id);
    }
    this.#quality.onBatch(ended);
  }

  /** A check of ours has a limit of its own before the one that every batch has. */
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
   * How long a batch may run where the settings do not say. What has been seen often enough is known to take no longer;
   * anything else, and what has been ended once for its time, may take as long as its callers allow.
   */
  #ownLimitMs({ lane, rows, members, reason }: Work, usualMs: number): number {
    const learnedMs = Math.max(SHORTEST_WATCHDOG_MS, WATCHDOG_FACTOR * usualMs);
    const isSeen = this.#ports.roster.service.peek(lane)?.hasSeen(rows) === true;
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

  /** A caller's batch that hangs ends the replica; a check of ours has failed, and the checks decide what follows. */
  #onOverdue({ started, ranMs, limit }: Overdue): void {
    const { work, replica } = started;
    if (work.reason === 'probe' && limit === 0) {
      this.prober.overdue(replica.id, work, ranMs);
      return;
    }
    const reason = `a batch of ${work.rows} rows ran for ${Math.round(ranMs)} ms`;
    // A model that hangs leaves the rest of its process alive. One that is silent as a whole was stopped, from outside
    // as far as anything tells.
    const isStopped = this.#liveness.silentMs(replica.id) >= SILENT_BEATS * this.#settings.heartbeatPeriodMs;
    const { supervisor } = this.#ports;
    if (isStopped)
      supervisor.kill(replica.id, 'stopped', `${reason}, in a process that gives no sign of life`);
    else supervisor.kill(replica.id, 'watchdog', reason);
  }

  #onConcluded(probed: Probed, misses: number, isDown: boolean): void {
    const { replica, result, detail } = probed;
    if (misses === 0) {
      // That batches succeed shows that answers have the right form, not that they hold the right numbers.
      if (result === 'passed') this.conditions.clear(replica, 'readiness', 'golden');
      else this.conditions.clear(replica, 'readiness');
      return;
    }
    const cause = result === 'mismatch' ? 'golden' : 'readiness';
    if (isDown && cause === 'golden' && this.#isWrongAgain(replica, detail)) return;
    const text = misses === 1 ? detail : `${detail}, ${misses} times in a row`;
    this.conditions.raise(replica, cause, isDown ? 'down' : 'watch', text);
  }

  /** Wrong numbers that a restart has not mended: no other restart will. */
  #isWrongAgain(id: ReplicaId, detail: string): boolean {
    const { supervisor } = this.#ports;
    const incarnation = supervisor.find(id)?.incarnation ?? 0;
    const before = this.#wrongIn.get(id);
    this.#wrongIn.set(id, incarnation);
    if (before === undefined || before !== incarnation - 1) return false;
    supervisor.giveUp(id, `${detail}, and a restart did not mend it`);
    return true;
  }
}
