import { httpStatusOf, isRefusal, type Reason } from '../../base/errors.ts';
import { Histogram } from '../../base/histogram.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { RequestSettled } from '../../serving/admission/model-service.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';

/** The counts of one version name. Recording runs for every request, so it is only a few additions. */
export class VersionMetrics {
  /** The latest version under this name. */
  version: VersionInService;
  readonly requests = new Map<Reason | 'ok', number>();
  /** By `reason outcome`. */
  readonly batches = new Map<string, number>();
  readonly requestMs = new Map<Reason | 'ok', Histogram>();
  readonly queueMs = new Histogram();
  readonly serviceMs = new Histogram();
  readonly computeMs = new Histogram();
  readonly batchRows = new Histogram();
  /** By result: `evidence`, `deferred`, `none`, `passed`, `failed`, `mismatch`. */
  readonly probes = new Map<string, number>();
  /** By recovery method. */
  readonly recoveries = new Map<string, number>();
  readonly predictionRatio = new Histogram();
  /** By `kept` or `missed`; empty without an objective. */
  readonly objective = new Map<'kept' | 'missed', number>();
  joined = 0;
  notFinite = 0;
  ejections = 0;
  #objectiveMs: number | undefined;

  constructor(version: VersionInService) {
    this.version = version;
    this.follow(version);
  }

  /** Also counts the events of a version that replaces this one, as in a reload. */
  follow(version: VersionInService): void {
    this.version = version;
    this.#objectiveMs = version.spec.settings.objective?.latencyMs;
    version.path.service.joined.on(() => {
      this.joined += 1;
    });
    version.cacheHit.on(() => {
      add(this.requests, 'ok');
      if (this.#objectiveMs !== undefined) add(this.objective, 'kept');
    });
    version.path.service.requestSettled.on((settled) => this.#onSettled(settled));
    version.path.dispatcher.batchEnded.on((ended) => this.#onBatch(ended));
    version.health.prober.probed.on(({ result }) => add(this.probes, result));
    version.path.recovery.recovered.on(({ how }) => add(this.recoveries, how));
    version.health.conditions.ejected.on(() => {
      this.ejections += 1;
    });
  }

  countRefused(reason: Reason): void {
    add(this.requests, reason);
    if (this.#objectiveMs !== undefined && httpStatusOf(reason) === 503) add(this.objective, 'missed');
  }

  #onSettled({ entry, outcome, settledAt }: RequestSettled): void {
    const name = isRefusal(outcome) ? outcome.reason : 'ok';
    add(this.requests, name);
    this.#durationsOf(name).record(settledAt - entry.receivedAt);
    if (this.#objectiveMs !== undefined) {
      const tookMs = settledAt - entry.receivedAt;
      if (name === 'ok') add(this.objective, tookMs <= this.#objectiveMs ? 'kept' : 'missed');
      else if (httpStatusOf(name) >= 503) add(this.objective, 'missed');
    }
    if (entry.dispatchedAt !== undefined) this.queueMs.record(entry.dispatchedAt - entry.receivedAt);
  }

  #durationsOf(outcome: Reason | 'ok'): Histogram {
    let durations = this.requestMs.get(outcome);
    if (durations === undefined) {
      durations = new Histogram();
      this.requestMs.set(outcome, durations);
    }
    return durations;
  }

  #onBatch({ work, outcome, sentAt, endedAt, predictedMs }: BatchEnded): void {
    if (isSynthetic(work.reason)) return;
    add(this.batches, `${work.reason} ${outcome.kind}`);
    this.batchRows.record(work.rows);
    if (outcome.kind !== 'done') return;
    this.serviceMs.record(endedAt - sentAt);
    this.computeMs.record(outcome.computeMs);
    if (outcome.isNotFinite === true) this.notFinite += 1;
    if (predictedMs > 0) this.predictionRatio.record(outcome.computeMs / predictedMs);
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
