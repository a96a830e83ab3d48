import type { Margin } from '../../batching/margin.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { ProfiledSize } from '../../replica/service-time.ts';
import { mayMerge } from '../../warmup/row-independence.ts';
import type { WarmupLimits } from '../warmup/warmup-report.ts';
import { explicitProblem, objectiveProblem } from './check-objective.ts';
import type { LoadedVersion } from './loaded-version.ts';

/** The share of warmup's runs that the first margin covers. */
const PLANNED_SHARE = 0.97;

/** Results of warmup for a version: service times, and which rows may share a batch. */
export class WarmupFindings {
  /** Most rows of different requests in one batch: 1 until it is known that they may share one. */
  maxBatchSize = 1;
  /** Outputs have as many rows as inputs, as far as is known. */
  isRowwise = false;
  readonly #settings: ModelSettings;
  readonly #roster: Roster;
  readonly #margin: Margin | undefined;

  constructor(settings: ModelSettings, roster: Roster, margin: Margin | undefined) {
    this.#settings = settings;
    this.#roster = roster;
    this.#margin = margin;
  }

  /** Limits of warmup: with an objective, no batches that take longer than it. */
  limitsOf({ lane, maxBatchSize }: LoadedVersion): WarmupLimits {
    const { objective, batching, health } = this.#settings;
    const { softLimitBytes } = health.memory;
    // Once rows are merged, replicas must be warm for batches of the size in use.
    const isKnown = this.maxBatchSize > 1;
    const isOwnSize = isKnown || batching.maxBatchSize !== undefined;
    const most = isKnown ? this.maxBatchSize : maxBatchSize;
    if (objective === undefined || batching.maxWaitMs !== undefined || batching.maxBatchSize !== undefined) {
      return { maxBatchSize: most, isOwnSize, limitMs: Number.POSITIVE_INFINITY, softLimitBytes };
    }
    const curve = this.#roster.service.peek(lane);
    const useful = curve?.isKnown === true ? Math.max(1, curve.rowsWithin(objective.latencyMs)) : most;
    return { maxBatchSize: Math.min(useful, most), isOwnSize, limitMs: objective.latencyMs, softLimitBytes };
  }

  /** The first replica gives the shape of the service time, the others their speed relative to it. */
  learn(id: ReplicaId, { lane }: LoadedVersion, profile: readonly ProfiledSize[]): void {
    if (profile.length === 0) return;
    const curve = this.#roster.service.of(lane);
    if (!curve.isKnown) {
      curve.profile(profile);
      this.#margin?.begin(curve.planFactor(PLANNED_SHARE));
      return;
    }
    for (const { rows, tookMs } of profile) {
      for (const ms of tookMs) this.#roster.observe(id, lane, rows, ms);
    }
  }

  /** Starts merging requests into batches, where allowed and up to the largest size that ran. */
  merge({ rowIndependence, maxBatchSize }: LoadedVersion, largest: number): void {
    if (rowIndependence === undefined || !mayMerge(rowIndependence)) return;
    this.isRowwise = true;
    this.maxBatchSize = Math.max(this.maxBatchSize, Math.min(maxBatchSize, largest));
  }

  /** Why no batch can meet the objective; undefined when one can. */
  objectiveProblem({ lane }: LoadedVersion): string | undefined {
    const curve = this.#roster.service.peek(lane);
    const problem = curve && objectiveProblem(this.#settings, curve);
    // The machine may have been busy with something else: the next process measures again.
    if (problem !== undefined) this.#roster.service.clear();
    return problem;
  }

  /** Why the explicit batching settings do not meet the objective; undefined when they do. */
  explicitProblem({ lane }: LoadedVersion): string | undefined {
    const curve = this.#roster.service.peek(lane);
    return curve && explicitProblem(this.#settings, this.maxBatchSize, curve);
  }
}
