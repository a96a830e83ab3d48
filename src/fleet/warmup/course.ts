import type { Clock } from '../../base/clock.ts';
import type { WarmupSettings } from '../../config/warmup-settings.ts';
import type { Answer } from '../../model/inference.ts';
import type { Member } from '../../work/batch.ts';
import type { MemoryUse } from '../../work/outcome.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import type { WarmupTarget } from './warmup-report.ts';

/** What came of running some rows together. */
export type Ran =
  | {
      readonly answer: Answer;
      readonly computeMs: number;
      readonly memory: MemoryUse | undefined;
    }
  | { readonly problem: string };

/** Rows to run together, by their numbers among those in use. */
export type Rows = readonly number[];

/** A course of warmup runs: it yields what to run next and is given what came of it. */
export type Course<Result> = Generator<Rows, Result, Ran>;

/** What a course needs of the world. */
export interface CourseParts {
  readonly clock: Clock;
  readonly comparator: AnswerComparator;
  readonly settings: WarmupSettings;
  readonly target: WarmupTarget;
  /** What the runs of the course have taken by now, in ms. */
  readonly computedMs: () => number;
  /** Names the rows that the next runs are of. */
  readonly use: (rows: readonly Member[]) => void;
}
