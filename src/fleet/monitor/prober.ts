import type { Clock, Timer } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { ReadinessSettings } from '../../config/health-settings.ts';
import { afterCheck, type CheckRecord, initialCheck } from '../../health/probe-policy.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { PinnedSource } from '../../serving/dispatch/pinned-source.ts';
import type { Outcome } from '../../work/outcome.ts';
import type { Golden, GoldenResult } from './golden.ts';
import { SyntheticRun } from './synthetic-run.ts';
import type { Watcher } from './watcher.ts';

/** The result of one readiness check of a replica. */
export interface Probed {
  readonly replica: ReplicaId;
  readonly at: number;
  /**
   * `evidence`: a caller's batch succeeded within the period, so no probe ran. `deferred`: the replica is busy.
   * `none`: no input is known that the model accepts, and no batch succeeded.
   */
  readonly result: 'evidence' | 'deferred' | 'none' | 'passed' | 'failed' | 'mismatch';
  readonly detail: string;
}

/** Dependencies of {@link Prober}. */
export interface ProberPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly roster: Roster;
  readonly pinned: PinnedSource;
  readonly wake: () => void;
  /** Undefined when no input is known that the model accepts. */
  readonly golden: () => Golden | undefined;
  /** Whether the model can tell whether it is healthy: successful batches do not replace that. */
  readonly tellsHealth: () => boolean;
}

class Watch {
  record: CheckRecord = initialCheck('success');
  succeededAt = Number.NEGATIVE_INFINITY;
  deferrals = 0;
  sinceGolden = 0;
  run: SyntheticRun | undefined;
  last: Probed | undefined;
  alarm: Timer | undefined;
}

/**
 * Checks the readiness of every replica periodically. A recent successful batch of a caller passes the check; a busy
 * replica is deferred up to `maxDeferrals` times; otherwise the golden input is run, and a model that can tell is asked
 * whether it is healthy.
 */
export class Prober implements Watcher {
  readonly probed = new Event<Probed>();
  /** A check failed (`misses` in a row), or enough checks passed in a row (`misses` is 0). */
  readonly concluded = new Event<{
    readonly probed: Probed;
    readonly misses: number;
    readonly isDown: boolean;
  }>();
  readonly #settings: ReadinessSettings;
  readonly #ports: ProberPorts;
  readonly #watches = new Map<ReplicaId, Watch>();

  constructor(settings: ReadinessSettings, ports: ProberPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** To be called when a process has become ready; warmup counts as a passed check. */
  opened(id: ReplicaId): void {
    this.closed(id);
    const watch = new Watch();
    this.#watches.set(id, watch);
    if (this.#settings.enabled) this.#lookIn(id, watch, this.#ports.random.unit() * this.#settings.periodMs);
  }

  closed(id: ReplicaId): void {
    this.#watches.get(id)?.alarm?.cancel();
    this.#watches.delete(id);
  }

  lastOf(id: ReplicaId): Probed | undefined {
    return this.#watches.get(id)?.last;
  }

  /** Whether its checks were deferred `maxDeferrals` times in a row. */
  hasBeenPutOff(id: ReplicaId): boolean {
    return (this.#watches.get(id)?.deferrals ?? 0) >= this.#settings.maxDeferrals;
  }

  /** To be called when a caller's batch has succeeded on the replica. */
  succeeded(id: ReplicaId): void {
    const watch = this.#watches.get(id);
    if (watch !== undefined) watch.succeededAt = this.#ports.clock.now();
  }

  /** Fails a probe that takes too long; its later outcome is ignored. */
  overdue(id: ReplicaId, run: unknown, ranMs: number): void {
    const watch = this.#watches.get(id);
    if (watch?.run === undefined || watch.run !== run) return;
    watch.run = undefined;
    this.#conclude(id, watch, 'failed', `golden input not answered within ${Math.round(ranMs)} ms`);
  }

  /** Runs one probe outside of the schedule. Calls `done` synchronously when there is no golden input. */
  tryOut(id: ReplicaId, done: (passed: boolean) => void): void {
    const golden = this.#ports.golden();
    if (golden === undefined) {
      done(true);
      return;
    }
    this.#run(id, golden, (result) => done(result.kind === 'right'));
    this.#ports.wake();
  }

  #lookIn(id: ReplicaId, watch: Watch, delayMs: number): void {
    const { clock } = this.#ports;
    watch.alarm = clock.at(clock.now() + delayMs, () => {
      this.#look(id, watch);
      const jitter = 0.9 + 0.2 * this.#ports.random.unit();
      if (this.#watches.get(id) === watch) this.#lookIn(id, watch, this.#settings.periodMs * jitter);
    });
  }

  #look(id: ReplicaId, watch: Watch): void {
    // The last probe is still running.
    if (watch.run !== undefined) return;
    const { clock, roster, tellsHealth } = this.#ports;
    const { periodMs, goldenEvery, maxDeferrals } = this.#settings;
    const golden = this.#ports.golden();
    watch.sinceGolden += 1;
    const hasEvidence = !tellsHealth() && clock.now() - watch.succeededAt <= periodMs;
    const isGoldenDue = golden !== undefined && watch.sinceGolden >= goldenEvery;
    if (hasEvidence && !isGoldenDue) {
      watch.deferrals = 0;
      this.#conclude(id, watch, 'evidence', `a batch succeeded within the last ${periodMs} ms`);
    } else if (golden === undefined) {
      const detail = 'not checked: no input is known that the model accepts; set warmup.sample';
      this.#tell(watch, { replica: id, at: clock.now(), result: 'none', detail });
    } else if (this.#isBusy(id) && watch.deferrals < maxDeferrals) {
      watch.deferrals += 1;
      this.#tell(watch, {
        replica: id,
        at: clock.now(),
        result: 'deferred',
        detail: `deferred because the replica is busy (${watch.deferrals} of ${maxDeferrals})`,
      });
    } else if (this.#running < Math.ceil(roster.views().length / 4)) {
      watch.deferrals = 0;
      watch.sinceGolden = 0;
      this.#runChecked(id, watch, golden);
    }
  }

  #isBusy(id: ReplicaId): boolean {
    return (this.#ports.roster.view(id)?.running ?? 0) > 0;
  }

  get #running(): number {
    return [...this.#watches.values()].filter(({ run }) => run !== undefined).length;
  }

  #runChecked(id: ReplicaId, watch: Watch, golden: Golden): void {
    const run = this.#run(id, golden, (result) => {
      if (watch.run !== run || this.#watches.get(id) !== watch) return;
      watch.run = undefined;
      // After wrong values the golden input runs at each check, even when callers' batches succeed.
      if (result.kind === 'mismatch') watch.sinceGolden = this.#settings.goldenEvery;
      if (result.kind === 'right')
        this.#conclude(id, watch, 'passed', 'the golden input returned the expected answer');
      // A failure on an input that the model has never accepted says nothing about the replica.
      else if (golden.isKnown) this.#conclude(id, watch, result.kind, result.why);
    });
    watch.run = run;
    this.#ports.wake();
  }

  #run(id: ReplicaId, golden: Golden, done: (result: GoldenResult) => void): SyntheticRun {
    const run = new SyntheticRun('probe', [golden.member], (outcome: Outcome, answer) => {
      if (outcome.kind === 'lost') return;
      done(outcome.kind === 'threw' ? { kind: 'failed', why: outcome.message } : golden.check(answer));
    });
    this.#ports.pinned.add(id, run);
    return run;
  }

  #conclude(id: ReplicaId, watch: Watch, result: Probed['result'], detail: string): void {
    const passed = result === 'evidence' || result === 'passed';
    watch.record = afterCheck(this.#settings, watch.record, passed);
    const probed = { replica: id, at: this.#ports.clock.now(), result, detail };
    this.#tell(watch, probed);
    const { run, state } = watch.record;
    if (!passed) this.concluded.emit({ probed, misses: run, isDown: state === 'failure' });
    else if (run >= this.#settings.successThreshold)
      this.concluded.emit({ probed, misses: 0, isDown: false });
  }

  #tell(watch: Watch, probed: Probed): void {
    watch.last = probed;
    this.probed.emit(probed);
  }
}
