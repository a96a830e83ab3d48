import type { ProfiledSize } from '../../replica/service-time.ts';
import { type BatchGrowth, growthOf } from '../../warmup/batch-growth.ts';
import { mayMerge, type RowIndependence } from '../../warmup/row-independence.ts';
import type { Course, CourseParts } from './course.ts';
import { doubtAt, type ProofParts, proveRows } from './row-proof.ts';
import { type FoundInput, findInput } from './warmup-input-search.ts';
import type { SizeReport, WarmupTarget } from './warmup-report.ts';
import { WarmupSizes } from './warmup-sizes.ts';

/** The proof may take longer than the rest of warmup: without it requests are never merged. */
const PROOF_BUDGETS = 3;
const LEAST_PROOF_MS = 2_000;

/** The result of a warmup course. */
export type CourseResult =
  | { readonly kind: 'failed' | 'skipped'; readonly why: string }
  | {
      readonly kind: 'done';
      readonly sizes: readonly SizeReport[];
      readonly rows: RowIndependence | undefined;
      /** The largest batch that was run. */
      readonly largest: number;
      readonly profile: readonly ProfiledSize[];
    };

/** The complete warmup: finds an input that the model accepts, tests row independence and measures batch sizes. */
export function* warmupCourse(parts: CourseParts): Course<CourseResult> {
  const { clock, comparator, settings, target, computedMs } = parts;
  const startedAt = clock.now();
  const isOver = () => clock.now() - startedAt >= settings.budgetMs;
  // Compute time, not wall time, bounds what is measured: on a busy machine the results must be the same.
  const isSpent = () => computedMs() >= settings.budgetMs;
  const proofMs = Math.max(LEAST_PROOF_MS, PROOF_BUDGETS * settings.budgetMs);
  const found = yield* findInput({ ...parts, isSpent });
  if (found.kind !== 'found') return found;
  parts.use(found.rows);
  target.onInput(found.rows);

  const sizes = new WarmupSizes(settings, isOver);
  const alone = yield* sizes.run(1, (answer) => {
    // Another replica may have chosen other rows before.
    const golden = target.golden();
    if (golden?.member === found.rows[0]) golden?.record(answer);
  });
  if (alone !== undefined) return { kind: 'failed', why: alone };
  const growth = growthOf({ ...target, first: found.memory });
  const proof: ProofParts = {
    comparator,
    alone: found.answers,
    whyNotTry: (rows) =>
      computedMs() >= proofMs ? 'the warmup budget was exhausted (warmup.budgetMs)' : growth.whyNotRun(rows),
  };
  let rows = target.profile === 'short' ? undefined : (target.rows ?? whatIsKnown(found));
  if (rows === undefined && target.profile === 'full') rows = yield* proveRows(proof);
  const largest = yield* grow({ ...parts, rows, growth, sizes, isSpent });
  if (rows?.kind === 'independent' && largest > found.answers.length && !isSpent()) {
    rows = (yield* doubtAt(largest, proof)) ?? rows;
  }
  if (target.profile === 'full') yield* sizes.rounds(clock);
  return { kind: 'done', sizes: sizes.reports, rows, largest, profile: sizes.profile };
}

function whatIsKnown({ answers, doubt }: FoundInput): RowIndependence | undefined {
  if (doubt !== undefined) return { kind: 'unproven', why: doubt };
  return answers.length < 2 ? { kind: 'unproven', why: 'only one test row is available' } : undefined;
}

/** Runs the useful sizes above 1. Returns the largest that ran. */
function* grow(it: {
  readonly target: WarmupTarget;
  readonly rows: RowIndependence | undefined;
  readonly growth: BatchGrowth;
  readonly sizes: WarmupSizes;
  readonly isSpent: () => boolean;
}): Course<number> {
  const { target, rows, growth, sizes, isSpent } = it;
  if (target.profile === 'full' && (rows === undefined || !mayMerge(rows))) return 1;
  let largest = 1;
  for (const size of sizesToRun(target)) {
    const last = sizes.reports.at(-1);
    if (size > largest && growth.whyNotGrow(size, sizes.reports) !== undefined) continue;
    if (isSpent() && sizes.reports.length >= 2) break;
    if (last !== undefined && size > last.batchSize && last.stableMs > target.limitMs) continue;
    const problem = yield* sizes.run(size, (_, memory) => growth.ran(size, memory));
    if (problem !== undefined) break;
    largest = Math.max(largest, size);
  }
  return largest;
}

/** Ascending, to find the largest usable size; a size named in the settings that has no limit comes first. */
function sizesToRun({ maxBatchSize, profile, isOwnSize, limitMs }: WarmupTarget): number[] {
  if (maxBatchSize === 1) return [];
  if (profile === 'short') return [maxBatchSize];
  const between: number[] = [];
  for (let size = 2; size < maxBatchSize; size *= 2) between.push(size);
  const isKnown = isOwnSize && !Number.isFinite(limitMs);
  return isKnown ? [maxBatchSize, ...between] : [...between, maxBatchSize];
}
