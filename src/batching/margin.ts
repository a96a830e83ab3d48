import { RecentValues } from '../base/recent-values.ts';

/** By how much one batch that is late as a whole raises the margin, as a share of the objective. */
const GAIN = 0.1;
/** The margin of a model without warmup before its first batch, as a share of the objective. */
const FIRST_SHARE = 0.05;
/** Answers that the shown share of late ones is taken over. */
const MEMORY_ANSWERS = 2_000;
/** Weight of a batch in the usual size. */
const SIZE_RATE = 0.05;
const REMEMBERED_BATCHES = 200;

/** What the margin is regulated for. */
export interface MarginGoal {
  readonly latencyMs: number;
  /** Percentage of answers that must be in time. */
  readonly percentile: number;
}

/** What became of the requests of a batch. */
export interface Punctuality {
  readonly late: number;
  readonly all: number;
  /** By how much the batch took longer than was expected when it was sent, in ms. */
  readonly excessMs: number;
}

/** The margin as plans use it. */
export interface MarginFacts {
  /** Time that plans leave free, in ms. */
  readonly ms: number;
  /** Share of recent predictions that were exceeded by at most so many ms. */
  shareWithin(excessMs: number): number;
}

export const NO_MARGIN: MarginFacts = { ms: 0, shareWithin: () => 1 };

/**
 * The one margin of all plans of a version, regulated: a late batch raises it, a batch in time lowers it, in such
 * proportion that it rests where the allowed share of answers is late. This is the update of adaptive conformal
 * inference (Gibbs and Candès, 2021); it needs no model of what makes answers late.
 *
 * It also remembers by how much predictions were exceeded. From this distribution a plan knows how many answers a batch
 * size would bring in time, and so how large a margin is worth its price.
 */
export class Margin implements MarginFacts {
  /** In ms, at least 0. */
  ms: number;
  /** Share of recent answers that were late. */
  lateShare = 0;
  /** The largest margin that the last plan allowed, in ms. */
  limitMs = Number.POSITIVE_INFINITY;
  /** Answers that may be late. */
  readonly allowedShare: number;
  readonly #latencyMs: number;
  #usualSize = 0;
  readonly #excess = new RecentValues(REMEMBERED_BATCHES);

  constructor({ latencyMs, percentile }: MarginGoal) {
    this.#latencyMs = latencyMs;
    this.allowedShare = 1 - percentile / 100;
    this.ms = FIRST_SHARE * latencyMs;
  }

  /** Starts where the runs of warmup suggest: nearly all took at most `factor` times the usual time. */
  begin(factor: number): void {
    this.ms = (1 - 1 / factor) * this.#latencyMs;
  }

  /** Too many answers are late, and the margin cannot grow. */
  get isAtLimit(): boolean {
    return this.ms >= this.limitMs && this.lateShare > this.allowedShare;
  }

  /** Counts one batch. `limitMs` bounds the margin. */
  observe({ late, all, excessMs }: Punctuality, limitMs: number): void {
    if (all === 0) return;
    this.#excess.add(excessMs);
    this.#usualSize += (all - this.#usualSize) * (this.#usualSize === 0 ? 1 : SIZE_RATE);
    this.limitMs = limitMs;
    // In usual batches: a late batch of few requests weighs less.
    const error = (late - this.allowedShare * all) / this.#usualSize;
    this.ms += GAIN * this.#latencyMs * error;
    this.ms = Math.max(0, Math.min(this.ms, this.limitMs));
    this.lateShare += (late / all - this.lateShare) * Math.min(1, all / MEMORY_ANSWERS);
  }

  shareWithin(excessMs: number): number {
    return this.#excess.shareUpTo(excessMs);
  }
}
