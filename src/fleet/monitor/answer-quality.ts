import type { Clock, Timer } from '../../base/clock.ts';
import type { EjectionSettings } from '../../config/recovery-settings.ts';
import {
  afterEjection,
  afterHealthySweep,
  afterResult,
  ejectionMs,
  type FailureRecord,
  NO_RECORD,
  successRateOutliers,
} from '../../health/ejection-policy.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';
import type { Conditions } from './conditions.ts';
import type { Watcher } from './watcher.ts';

/** Results of a replica's batches. Kept across restarts, so that a restart does not reset the record. */
class OutlierStats {
  record: FailureRecord = NO_RECORD;
  succeeded = 0;
  failed = 0;
  returnAlarm: Timer | undefined;
}

const OUTLIER_MIN_REPLICAS = 5;
const OUTLIER_MIN_BATCHES = 100;
const OUTLIER_STDEVS = 1.9;
const SLOW_FACTOR = 3;
const SLOW_MIN_BATCHES = 20;

/** Outlier detection from callers' batches: consecutive failures, success rate and service time against the others. */
export class AnswerQuality implements Watcher {
  readonly #clock: Clock;
  readonly #settings: EjectionSettings;
  readonly #roster: Roster;
  readonly #conditions: Conditions;
  readonly #stats = new Map<ReplicaId, OutlierStats>();
  #sweepAlarm: Timer | undefined;

  constructor(settings: EjectionSettings, ports: { clock: Clock; roster: Roster; conditions: Conditions }) {
    this.#settings = settings;
    this.#clock = ports.clock;
    this.#roster = ports.roster;
    this.#conditions = ports.conditions;
  }

  start(): void {
    this.#sweepAlarm ??= this.#sweepLater();
  }

  stop(): void {
    this.#sweepAlarm?.cancel();
    for (const { returnAlarm } of this.#stats.values()) returnAlarm?.cancel();
  }

  /** Counts a finished batch. Batches lost with their replica are left to the supervisor. */
  onBatch({ work, replica, outcome, refusedMembers }: BatchEnded): void {
    if (isSynthetic(work.reason) || outcome.kind === 'lost') return;
    // A part of a batch that threw is bisected further: the runs of its single requests show where the fault lies.
    if (outcome.kind === 'threw' && work.members.length > 1 && work.reason === 'bisect') return;
    // One bad answer among good ones is evidence against the input, not against the replica.
    const succeeded = outcome.kind === 'done' && refusedMembers < work.members.length;
    this.#count(replica.id, succeeded);
  }

  /** Removes one failure: another replica failed too, or none could be asked, so the input may be the cause. */
  clearFailure(id: ReplicaId): void {
    const stats = this.#stats.get(id);
    if (stats === undefined) return;
    const failuresInARow = Math.max(0, stats.record.failuresInARow - 1);
    stats.record = { ...stats.record, failuresInARow };
    stats.failed = Math.max(0, stats.failed - 1);
  }

  removed(id: ReplicaId): void {
    this.#stats.get(id)?.returnAlarm?.cancel();
    this.#stats.delete(id);
  }

  #count(id: ReplicaId, succeeded: boolean): void {
    const stats = this.#statsOf(id);
    if (succeeded) stats.succeeded += 1;
    else stats.failed += 1;
    // The usual case needs no update.
    if (succeeded && stats.record.failuresInARow === 0) return;
    const after = afterResult({ ...this.#settings, alwaysAllowOne: true }, stats.record, succeeded);
    stats.record = after.record;
    if (after.ejects) this.#eject(id, stats);
  }

  #eject(id: ReplicaId, stats: OutlierStats): void {
    const settings = { ...this.#settings, alwaysAllowOne: true };
    stats.record = afterEjection(settings, stats.record);
    const lastsMs = ejectionMs(settings, stats.record);
    const { consecutiveFailures } = settings;
    this.#conditions.raise(
      id,
      'errors',
      'down',
      `${consecutiveFailures} consecutive batches failed (health.ejection.consecutiveFailures)`,
    );
    stats.returnAlarm?.cancel();
    stats.returnAlarm = this.#clock.at(this.#clock.now() + lastsMs, () => {
      stats.returnAlarm = undefined;
      this.#conditions.clear(id, 'errors');
    });
  }

  #sweepLater(): Timer {
    return this.#clock.at(this.#clock.now() + this.#settings.sweepMs, () => {
      this.#sweep();
      this.#sweepAlarm = this.#sweepLater();
    });
  }

  #sweep(): void {
    for (const stats of this.#stats.values()) {
      if (stats.returnAlarm === undefined) stats.record = afterHealthySweep(stats.record);
    }
    this.#evaluateRates();
    this.#evaluateSpeed();
    for (const stats of this.#stats.values()) {
      stats.succeeded = 0;
      stats.failed = 0;
    }
  }

  #evaluateRates(): void {
    const serving = this.#roster.views().filter(({ healthStatus }) => healthStatus !== undefined);
    const counted = serving
      .map(({ id }) => ({ id, stats: this.#statsOf(id) }))
      .filter(({ stats }) => stats.succeeded + stats.failed >= OUTLIER_MIN_BATCHES);
    const rates = counted.map(({ stats }) => (100 * stats.succeeded) / (stats.succeeded + stats.failed));
    const isEnough = counted.length >= OUTLIER_MIN_REPLICAS;
    const { outliers, mean } = successRateOutliers(isEnough ? rates : [], OUTLIER_STDEVS);
    serving.forEach(({ id }) => {
      const index = counted.findIndex((other) => other.id === id);
      if (!outliers.includes(index)) this.#conditions.clear(id, 'outlier');
      else {
        const rate = Math.round(rates[index] ?? 0);
        this.#conditions.raise(
          id,
          'outlier',
          'down',
          `success rate ${rate} %, mean of the replicas ${Math.round(mean)} %`,
        );
      }
    });
  }

  #evaluateSpeed(): void {
    const known = this.#roster.views().filter(({ service }) => service.batches >= SLOW_MIN_BATCHES);
    for (const each of known) {
      const others = known.filter((other) => other !== each).map(({ service }) => service.factor);
      const usual = median(others);
      if (usual !== undefined && each.service.factor > SLOW_FACTOR * usual) {
        const factor = Math.round(each.service.factor / usual);
        this.#conditions.raise(
          each.id,
          'slow',
          'watch',
          `service time is ${factor} times that of the other replicas`,
        );
      } else {
        this.#conditions.clear(each.id, 'slow');
      }
    }
  }

  #statsOf(id: ReplicaId): OutlierStats {
    let stats = this.#stats.get(id);
    if (stats === undefined) {
      stats = new OutlierStats();
      this.#stats.set(id, stats);
    }
    return stats;
  }
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
