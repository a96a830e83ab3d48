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

/** What a replica's answers have come to. It outlives its lives: a restart is no pardon. */
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

/** Judges replicas by what becomes of callers' batches: failures in a row, failures beyond the others', slowness. */
export class AnswerQuality {
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

  /** A batch has come back; those lost with their replica are the supervisor's business. */
  onBatch({ work, replica, outcome, refusedMembers }: BatchEnded): void {
    if (isSynthetic(work.reason) || outcome.kind === 'lost') return;
    // A batch that threw is taken apart: what its requests do alone will show whose fault it was.
    if (outcome.kind === 'threw' && work.members.length > 1 && work.reason === 'bisect') return;
    // One bad answer among good ones speaks against the input, not against the replica.
    const succeeded = outcome.kind === 'done' && refusedMembers < work.members.length;
    this.#count(replica.id, succeeded);
  }

  /** Another replica failed alike, or none could be asked: it may have been the input. */
  clearFailure(id: ReplicaId): void {
    const stats = this.#stats.get(id);
    if (stats === undefined) return;
    const failuresInARow = Math.max(0, stats.record.failuresInARow - 1);
    stats.record = { ...stats.record, failuresInARow };
    stats.failed = Math.max(0, stats.failed - 1);
  }

  #count(id: ReplicaId, succeeded: boolean): void {
    const stats = this.#statsOf(id);
    if (succeeded) stats.succeeded += 1;
    else stats.failed += 1;
    // The usual case: nothing was wrong and nothing is.
    if (succeeded && stats.record.failuresInARow === 0) {
      return;
    }
    const after = afterResult({ ...this.#settings, alwaysAllowOne: true }, stats.record, succeeded);
    stats.record = after.record;
    if (after.ejects) this.#eject(id, stats);
  }

  #eject(id: ReplicaId, stats: OutlierStats): void {
    const settings = { ...this.#settings, alwaysAllowOne: true };
    stats.record = afterEjection(settings, stats.record);
    const lastsMs = ejectionMs(settings, stats.record);
    const { consecutiveFailures } = settings;
    this.#conditions.raise(id, 'errors', 'down', `${consecutiveFailures} batches in a row failed there`);
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
          `${rate} % succeed there, ${Math.round(mean)} % on average`,
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
        this.#conditions.raise(each.id, 'slow', 'watch', `it takes ${factor} times as long as the others`);
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
