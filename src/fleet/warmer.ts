import type { Clock } from '../base/clock.ts';
import { isRefusal, type Refusal } from '../base/errors.ts';
import type { WarmupSettings } from '../config/warmup-settings.ts';
import type { Answer } from '../model/inference.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { PinnedSource } from '../serving/pinned-source.ts';
import { ROUNDING_TOLERANCE } from '../warmup/batch-independence.ts';
import { judgeStability } from '../warmup/stability.ts';
import type { Outcome } from '../work/outcome.ts';
import type { AnswerJudge } from './answer-judge.ts';
import { PracticeRun } from './practice-run.ts';
import type { SizeReport, WarmupReport, WarmupResult, WarmupTarget } from './warmup-report.ts';

/** What warming needs of the world. */
export interface WarmerPorts {
  readonly clock: Clock;
  readonly judge: AnswerJudge;
  readonly pinned: PinnedSource;
  readonly wake: () => void;
}

/** Of every size: caches, compilers and pools are cold. */
const COLD_RUNS = 2;
const KEPT_RUNS = 10;
const ROUNDS = 5;
const MAX_PROFILE_MS = 2_000;
/** What a replica practises with while another one finds out how large batches may be. */
const USUAL_BATCH = 32;

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
      done({ kind: 'warm', report: skippedReport(target.id, 'warmup is off in the settings'), profile: [] });
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
  #sizes: number[];
  readonly #reports: SizeReport[] = [];
  readonly #startedAt: number;
  readonly #aloneAnswers: Answer[] = [];
  /** By size, without the first runs. */
  readonly #profile = new Map<number, number[]>();
  #latenciesMs: number[] = [];
  /** Sizes still to be run once more each, in turn, when all are warm; undefined before. */
  #rounds: number[] | undefined;
  #profilingSince = 0;
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
    const size = this.#sizes[0] ?? this.#nextOfRound();
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
    if (this.#rounds !== undefined) {
      this.#profile.get(size)?.push(outcome.computeMs);
      this.next();
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
      this.#profile.set(size, this.#latenciesMs.slice(COLD_RUNS).slice(-KEPT_RUNS));
      this.#latenciesMs = [];
      // With the budget over, what is left of 1 and the largest still runs once; the sizes between do not.
      this.#sizes.shift();
      if (isOver && this.#reports.length >= 2) this.#sizes.length = 0;
      if (verdict.stableMs > this.#target.limitMs) this.#sizes = this.#sizes.filter((other) => other < size);
    }
    this.next();
  }

  /** All sizes in turn: whatever disturbs the machine for a while disturbs them alike. */
  #nextOfRound(): number | undefined {
    const { clock } = this.#ports;
    if (this.#target.profile === 'short' || this.#profile.size < 2) return undefined;
    if (this.#rounds === undefined) {
      const sizes = [...this.#profile.keys()].sort((a, b) => a - b);
      this.#rounds = Array.from({ length: ROUNDS }, () => sizes).flat();
      this.#profilingSince = clock.now();
    }
    const isOver =
      clock.now() - this.#profilingSince >= MAX_PROFILE_MS ||
      clock.now() - this.#startedAt >= this.#settings.budgetMs;
    return isOver ? undefined : this.#rounds.shift();
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
      this.#done({ kind: 'warm', report: skippedReport(this.#target.id, skipped), profile: [] });
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
      profile: [...this.#profile].map(([rows, tookMs]) => ({ rows, tookMs })),
    });
  }
}

/** 1 and the largest first: they matter most, should the budget not last for the sizes between. */
function sizesToRun({ maxBatchSize, profile, limitMs }: WarmupTarget): number[] {
  // How large a batch may be is not known where time is the limit: from small to large, until it is passed.
  if (Number.isFinite(limitMs) && profile === 'full') {
    const sizes = [];
    for (let size = 1; size < maxBatchSize; size *= 2) sizes.push(size);
    return [...sizes, maxBatchSize];
  }
  const largest = Number.isFinite(limitMs) ? Math.min(maxBatchSize, USUAL_BATCH) : maxBatchSize;
  const sizes = largest === 1 ? [1] : [1, largest];
  if (profile === 'full') for (let size = 2; size < maxBatchSize; size *= 2) sizes.push(size);
  return sizes;
}
