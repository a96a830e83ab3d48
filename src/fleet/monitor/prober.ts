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

/** How a look at one replica's readiness went. */
export interface Probed {
  readonly replica: ReplicaId;
  readonly at: number;
  /** `evidence`: a caller's batch has just succeeded, nothing had to be run. `deferred`: it is busy. */
  /** `none`: no input is known that the model takes, and no batch has shown anything. */
  readonly result: 'evidence' | 'deferred' | 'none' | 'passed' | 'failed' | 'mismatch';
  readonly detail: string;
}

/** What the prober needs of the world. */
export interface ProberPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly roster: Roster;
  readonly pinned: PinnedSource;
  readonly wake: () => void;
  /** undefined where no input is known that the model would take. */
  readonly golden: () => Golden | undefined;
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
 * Sees to it that every replica shows now and then that it works. What callers' batches show need not be asked
 * again; a busy replica is left in peace for a while; only then is a prediction of ours run.
 */
export class Prober {
  readonly probed = new Event<Probed>();
  /** A check has failed or succeeded so often that it counts; `misses` in a row, 0 after enough successes. */
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

  /** A life has become ready, which the practice before has shown. */
  watch(id: ReplicaId): void {
    this.forget(id);
    const watch = new Watch();
    this.#watches.set(id, watch);
    if (this.#settings.enabled) this.#lookIn(id, watch, this.#ports.random.unit() * this.#settings.periodMs);
  }

  forget(id: ReplicaId): void {
    this.#watches.get(id)?.alarm?.cancel();
    this.#watches.delete(id);
  }

  lastOf(id: ReplicaId): Probed | undefined {
    return this.#watches.get(id)?.last;
  }

  /** Whether it was too busy to be checked as often as it may be. */
  hasBeenPutOff(id: ReplicaId): boolean {
    return (this.#watches.get(id)?.deferrals ?? 0) >= this.#settings.maxDeferrals;
  }

  /** A caller's batch has succeeded there. */
  succeeded(id: ReplicaId): void {
    const watch = this.#watches.get(id);
    if (watch !== undefined) watch.succeededAt = this.#ports.clock.now();
  }

  /** A prediction of ours takes too long: it has failed, whatever comes of it. */
  overdue(id: ReplicaId, run: unknown, ranMs: number): void {
    const watch = this.#watches.get(id);
    if (watch?.run === undefined || watch.run !== run) return;
    watch.run = undefined;
    this.#conclude(id, watch, 'failed', `no answer to the golden input within ${Math.round(ranMs)} ms`);
  }

  /** One prediction out of turn. `done` may be called before this returns where there is nothing to run. */
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
    // The last prediction is still under way.
    if (watch.run !== undefined) return;
    const { clock, roster } = this.#ports;
    const { periodMs, goldenEvery, maxDeferrals } = this.#settings;
    const golden = this.#ports.golden();
    watch.sinceGolden += 1;
    const hasEvidence = clock.now() - watch.succeededAt <= periodMs;
    const isGoldenDue = golden !== undefined && watch.sinceGolden >= goldenEvery;
    if (hasEvidence && !isGoldenDue) {
      watch.deferrals = 0;
      this.#conclude(id, watch, 'evidence', 'a batch has just succeeded');
    } else if (golden === undefined) {
      const detail = 'there is nothing to check it with: no input is known that the model takes (see warmup)';
      this.#tell(watch, { replica: id, at: clock.now(), result: 'none', detail });
    } else if (this.#isBusy(id) && watch.deferrals < maxDeferrals) {
      watch.deferrals += 1;
      this.#tell(watch, {
        replica: id,
        at: clock.now(),
        result: 'deferred',
        detail: `it is busy, for the ${watch.deferrals}. time`,
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
      // Wrong numbers are looked into with the same input, whatever callers' batches show.
      if (result.kind === 'mismatch') watch.sinceGolden = this.#settings.goldenEvery;
      if (result.kind === 'right')
        this.#conclude(id, watch, 'passed', 'the golden input was answered as it should');
      // What the model has never taken says nothing about the replica.
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
