import type { Clock, Timer } from '../base/clock.ts';
import type { EjectionSettings } from '../config/recovery-settings.ts';
import {
  afterEjection,
  afterHealthySweep,
  afterResult,
  ejectionMs,
  type FailureRecord,
  NO_RECORD,
  successRateOutliers,
} from '../health/ejection-policy.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { Roster } from '../replica/roster.ts';
import type { BatchEnded } from '../serving/dispatcher.ts';
import { isPractice } from '../work/batch.ts';
import type { HealthBook } from './health-book.ts';

/** What a replica's answers have come to. It outlives its lives: a restart is no pardon. */
class Conduct {
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
  readonly #book: HealthBook;
  readonly #conducts = new Map<ReplicaId, Conduct>();
  #sweepAlarm: Timer | undefined;

  constructor(settings: EjectionSettings, ports: { clock: Clock; roster: Roster; book: HealthBook }) {
    this.#settings = settings;
    this.#clock = ports.clock;
    this.#roster = ports.roster;
    this.#book = ports.book;
  }

  start(): void {
    this.#sweepAlarm ??= this.#sweepLater();
  }

  stop(): void {
    this.#sweepAlarm?.cancel();
    for (const { returnAlarm } of this.#conducts.values()) returnAlarm?.cancel();
  }

  /** A batch has come back; those lost with their replica are the supervisor's business. */
  onBatch({ work, replica, outcome, refusedMembers }: BatchEnded): void {
    if (isPractice(work.reason) || outcome.kind === 'lost') return;
    // A batch that threw is taken apart: what its requests do alone will show whose fault it was.
    if (outcome.kind === 'threw' && work.members.length > 1 && work.reason === 'bisect') return;
    // One bad answer among good ones speaks against the input, not against the replica.
    const succeeded = outcome.kind === 'done' && refusedMembers < work.members.length;
    this.#count(replica.id, succeeded);
  }

  /** Another replica failed alike, or none could be asked: it may have been the input. */
  exonerate(id: ReplicaId): void {
    const conduct = this.#conducts.get(id);
    if (conduct === undefined) return;
    const failuresInARow = Math.max(0, conduct.record.failuresInARow - 1);
    conduct.record = { ...conduct.record, failuresInARow };
    conduct.failed = Math.max(0, conduct.failed - 1);
  }

  #count(id: ReplicaId, succeeded: boolean): void {
    const conduct = this.#conductOf(id);
    if (succeeded) conduct.succeeded += 1;
    else conduct.failed += 1;
    // The usual case: nothing was wrong and nothing is.
    if (succeeded && conduct.record.failuresInARow === 0) {
      return;
    }
    const after = afterResult({ ...this.#settings, alwaysAllowOne: true }, conduct.record, succeeded);
    conduct.record = after.record;
    if (after.ejects) this.#eject(id, conduct);
  }

  #eject(id: ReplicaId, conduct: Conduct): void {
    const settings = { ...this.#settings, alwaysAllowOne: true };
    conduct.record = afterEjection(settings, conduct.record);
    const lastsMs = ejectionMs(settings, conduct.record);
    const { consecutiveFailures } = settings;
    this.#book.complain(id, 'errors', 'down', `${consecutiveFailures} batches in a row failed there`);
    conduct.returnAlarm?.cancel();
    conduct.returnAlarm = this.#clock.at(this.#clock.now() + lastsMs, () => {
      conduct.returnAlarm = undefined;
      this.#book.clear(id, 'errors');
    });
  }

  #sweepLater(): Timer {
    return this.#clock.at(this.#clock.now() + this.#settings.sweepMs, () => {
      this.#sweep();
      this.#sweepAlarm = this.#sweepLater();
    });
  }

  #sweep(): void {
    for (const conduct of this.#conducts.values()) {
      if (conduct.returnAlarm === undefined) conduct.record = afterHealthySweep(conduct.record);
    }
    this.#judgeRates();
    this.#judgeSpeed();
    for (const conduct of this.#conducts.values()) {
      conduct.succeeded = 0;
      conduct.failed = 0;
    }
  }

  #judgeRates(): void {
    const serving = this.#roster.views().filter(({ standing }) => standing !== undefined);
    const counted = serving
      .map(({ id }) => ({ id, conduct: this.#conductOf(id) }))
      .filter(({ conduct }) => conduct.succeeded + conduct.failed >= OUTLIER_MIN_BATCHES);
    const rates = counted.map(
      ({ conduct }) => (100 * conduct.succeeded) / (conduct.succeeded + conduct.failed),
    );
    const isEnough = counted.length >= OUTLIER_MIN_REPLICAS;
    const { outliers, mean } = successRateOutliers(isEnough ? rates : [], OUTLIER_STDEVS);
    serving.forEach(({ id }) => {
      const index = counted.findIndex((other) => other.id === id);
      if (!outliers.includes(index)) this.#book.clear(id, 'outlier');
      else {
        const rate = Math.round(rates[index] ?? 0);
        this.#book.complain(
          id,
          'outlier',
          'down',
          `${rate} % succeed there, ${Math.round(mean)} % on average`,
        );
      }
    });
  }

  #judgeSpeed(): void {
    const known = this.#roster.views().filter(({ service }) => service.batches >= SLOW_MIN_BATCHES);
    for (const each of known) {
      const others = known.filter((other) => other !== each).map(({ service }) => service.factor);
      const usual = median(others);
      if (usual !== undefined && each.service.factor > SLOW_FACTOR * usual) {
        const factor = Math.round(each.service.factor / usual);
        this.#book.complain(each.id, 'slow', 'watch', `it takes ${factor} times as long as the others`);
      } else {
        this.#book.clear(each.id, 'slow');
      }
    }
  }

  #conductOf(id: ReplicaId): Conduct {
    let conduct = this.#conducts.get(id);
    if (conduct === undefined) {
      conduct = new Conduct();
      this.#conducts.set(id, conduct);
    }
    return conduct;
  }
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
