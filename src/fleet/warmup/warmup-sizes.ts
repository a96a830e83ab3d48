import type { Clock } from '../../base/clock.ts';
import type { WarmupSettings } from '../../config/warmup-settings.ts';
import type { Answer } from '../../model/inference.ts';
import type { ProfiledSize } from '../../replica/service-time.ts';
import { evaluateStability } from '../../warmup/stability.ts';
import type { MemoryUse } from '../../work/outcome.ts';
import type { Course, Rows } from './course.ts';
import type { SizeReport } from './warmup-report.ts';

/** Runs of every size that are not counted: caches, compilers and pools are cold. */
const COLD_RUNS = 2;
const KEPT_RUNS = 10;
const ROUNDS = 5;
const MAX_PROFILE_MS = 2_000;

/** Runs batch sizes, each until its latency is stable. */
export class WarmupSizes {
  readonly reports: SizeReport[] = [];
  readonly #settings: WarmupSettings;
  readonly #isOver: () => boolean;
  /** Compute times by size, without the cold runs. */
  readonly #profile = new Map<number, number[]>();

  constructor(settings: WarmupSettings, isOver: () => boolean) {
    this.#settings = settings;
    this.#isOver = isOver;
  }

  get profile(): ProfiledSize[] {
    return [...this.#profile].map(([rows, tookMs]) => ({ rows, tookMs }));
  }

  /** Returns the model's error message when it throws. */
  *run(
    size: number,
    onAnswer: (answer: Answer, memory: MemoryUse | undefined) => void,
  ): Course<string | undefined> {
    const tookMs: number[] = [];
    for (;;) {
      const ran = yield rowsOfSize(size);
      if ('problem' in ran) return ran.problem;
      tookMs.push(ran.computeMs);
      onAnswer(ran.answer, ran.memory);
      const result = evaluateStability(this.#settings, tookMs);
      if (!result.isStable && !this.#isOver()) continue;
      this.reports.push({
        batchSize: size,
        runs: tookMs.length,
        firstMs: tookMs[0] ?? 0,
        stableMs: result.stableMs,
        drift: Number.isFinite(result.drift) ? result.drift : null,
        isStable: result.isStable,
      });
      this.#profile.set(size, tookMs.slice(COLD_RUNS).slice(-KEPT_RUNS));
      return undefined;
    }
  }

  /** Runs all sizes in turn, so that a temporary disturbance of the machine affects them alike. */
  *rounds(clock: Clock): Course<void> {
    if (this.#profile.size < 2) return;
    const startedAt = clock.now();
    const sizes = [...this.#profile].sort(([a], [b]) => a - b);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [size, tookMs] of sizes) {
        if (clock.now() - startedAt >= MAX_PROFILE_MS || this.#isOver()) return;
        const ran = yield rowsOfSize(size);
        if (!('problem' in ran)) tookMs.push(ran.computeMs);
      }
    }
  }
}

/** The golden row first, then the others in turn. */
function rowsOfSize(size: number): Rows {
  return Array.from({ length: size }, (_, place) => place);
}
