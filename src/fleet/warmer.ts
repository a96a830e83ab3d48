import type { Clock } from '../base/clock.ts';
import { isRefusal, type Refusal } from '../base/errors.ts';
import type { WarmupSettings } from '../config/warmup-settings.ts';
import type { Answer } from '../model/inference.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { PinnedSource } from '../serving/pinned-source.ts';
import { ROUNDING_TOLERANCE } from '../warmup/batch-independence.ts';
import { judgeStability } from '../warmup/stability.ts';
import type { Member } from '../work/batch.ts';
import type { Outcome } from '../work/outcome.ts';
import type { AnswerJudge } from './answer-judge.ts';
import type { Golden } from './golden.ts';
import { PracticeRun } from './practice-run.ts';

/** What practice with one batch size came to. Latencies are times in the runtime. */
export interface SizeReport {
  readonly batchSize: number;
  readonly runs: number;
  readonly firstMs: number;
  readonly stableMs: number;
  /** Share by which the medians of the last two windows differ; null before there were two. */
  readonly drift: number | null;
  readonly isStable: boolean;
}

/** What a replica's practice came to. */
export interface WarmupReport {
  readonly replica: ReplicaId;
  readonly sizes: readonly SizeReport[];
  readonly totalMs: number;
  readonly isStable: boolean;
  /** Whether a row alone gives the same answer as among neighbours; null where that was not or could not be told. */
  readonly rowsAreIndependent: boolean | null;
  /** Why there was no practice, if there was none. */
  readonly skipped: string | null;
}

export type WarmupResult =
  | { readonly kind: 'warm'; readonly report: WarmupReport }
  | { readonly kind: 'failed'; readonly message: string };

/** A replica that is to practise. */
export interface WarmupTarget {
  readonly id: ReplicaId;
  /** Two different rows are enough to see whether neighbours matter, however large the batch. */
  readonly rows: readonly [Member, Member];
  /** The sizes of the rows were guessed: the model may refuse them. */
  readonly isGuessed: boolean;
  readonly golden: Golden;
  readonly maxBatchSize: number;
  /** `full` runs every power of two; `short` only 1 and the largest, when another replica has run them all. */
  readonly profile: 'full' | 'short';
}

/** What warming needs of the world. */
export interface WarmerPorts {
  readonly clock: Clock;
  readonly judge: AnswerJudge;
  readonly pinned: PinnedSource;
  readonly wake: () => void;
}

/** Has a replica run sample batches until its latency is stable or the budget is over. */
export class Warmer {
  readonly #ports: WarmerPorts;
  readonly #settings: WarmupSettings;

  constructor(ports: WarmerPorts, settings: WarmupSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** `done` is not called when the replica is lost on the way: its exit tells the tale. */
  warm(target: WarmupTarget, done: (result: WarmupResult) => void): void {
    if (!this.#settings.enabled) {
      done({ kind: 'warm', report: skippedReport(target.id, 'warmup is off in the settings') });
      return;
    }
    new Practice(this.#ports, this.#settings, target, done).next();
  }
}

function skippedReport(replica: ReplicaId, skipped: string): WarmupReport {
  return { replica, sizes: [], totalMs: 0, isStable: false, rowsAreIndependent: null, skipped };
}

/** One replica's practice: size after size, run after run. */
class Practice {
  readonly #ports: WarmerPorts;
  readonly #settings: WarmupSettings;
  readonly #target: WarmupTarget;
  readonly #done: (result: WarmupResult) => void;
  readonly #sizes: number[];
  readonly #reports: SizeReport[] = [];
  readonly #startedAt: number;
  readonly #aloneAnswers: Answer[] = [];
  #latenciesMs: number[] = [];
  #rowsAreIndependent: boolean | null = null;

  constructor(
    ports: WarmerPorts,
    settings: WarmupSettings,
    target: WarmupTarget,
    done: (result: WarmupResult) => void,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#target = target;
    this.#done = done;
    this.#sizes = sizesToRun(target);
    this.#startedAt = ports.clock.now();
  }

  next(): void {
    const size = this.#sizes[0];
    if (size === undefined) {
      this.#finish();
      return;
    }
    const [row, neighbour] = this.#target.rows;
    const members = Array.from({ length: size }, (_, index) => (index === 0 ? row : neighbour));
    this.#ports.pinned.add(
      this.#target.id,
      new PracticeRun('warmup', members, (outcome, first) => this.#ended(size, outcome, first)),
    );
    this.#ports.wake();
  }

  #ended(size: number, outcome: Outcome, first: Answer | Refusal | undefined): void {
    if (outcome.kind === 'lost') return;
    if (outcome.kind === 'threw') {
      this.#fail(outcome.message);
      return;
    }
    if (first === undefined || isRefusal(first)) {
      this.#fail(first?.message ?? 'no answer came');
      return;
    }
    this.#latenciesMs.push(outcome.computeMs);
    this.#compare(size, first);
    const verdict = judgeStability(this.#settings, this.#latenciesMs);
    const isOver = this.#ports.clock.now() - this.#startedAt >= this.#settings.budgetMs;
    if (verdict.isStable || isOver) {
      this.#reports.push({
        batchSize: size,
        runs: this.#latenciesMs.length,
        firstMs: this.#latenciesMs[0] ?? 0,
        stableMs: verdict.stableMs,
        drift: Number.isFinite(verdict.drift) ? verdict.drift : null,
        isStable: verdict.isStable,
      });
      this.#latenciesMs = [];
      // With the budget over, what is left of 1 and the largest still runs once; the sizes between do not.
      this.#sizes.shift();
      if (isOver && this.#reports.length >= 2) this.#sizes.length = 0;
    }
    this.next();
  }

  #compare(size: number, first: Answer): void {
    if (size === 1) {
      if (this.#aloneAnswers.length >= 2) return;
      this.#aloneAnswers.push(first);
      this.#target.golden.record(first);
    } else if (this.#rowsAreIndependent === null) {
      const [once, again] = this.#aloneAnswers;
      // A model that answers the same row differently each time tells nothing about its neighbours.
      const { judge } = this.#ports;
      if (once === undefined || again === undefined) return;
      if (!judge.isSame(once, again, ROUNDING_TOLERANCE)) return;
      this.#rowsAreIndependent = judge.isSame(once, first, ROUNDING_TOLERANCE);
    }
  }

  #fail(message: string): void {
    if (this.#target.isGuessed && this.#reports.length === 0 && this.#latenciesMs.length === 0) {
      const skipped =
        `the model did not take an input of guessed size (${message}); ` +
        'name a file with one it takes in warmup.sample';
      this.#done({ kind: 'warm', report: skippedReport(this.#target.id, skipped) });
    } else {
      this.#done({ kind: 'failed', message });
    }
  }

  #finish(): void {
    this.#done({
      kind: 'warm',
      report: {
        replica: this.#target.id,
        sizes: this.#reports,
        totalMs: this.#ports.clock.now() - this.#startedAt,
        isStable: this.#reports.every((report) => report.isStable),
        rowsAreIndependent: this.#rowsAreIndependent,
        skipped: null,
      },
    });
  }
}

/** 1 and the largest first: they matter most, should the budget not last for the sizes between. */
function sizesToRun({ maxBatchSize, profile }: WarmupTarget): number[] {
  const sizes = maxBatchSize === 1 ? [1] : [1, maxBatchSize];
  if (profile === 'full') for (let size = 2; size < maxBatchSize; size *= 2) sizes.push(size);
  return sizes;
}
