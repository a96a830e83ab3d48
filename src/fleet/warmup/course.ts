import type { Clock } from '../../base/clock.ts';
import type { WarmupSettings } from '../../config/warmup-settings.ts';
import type { Answer } from '../../model/inference.ts';
import type { Member } from '../../work/batch.ts';
import type { MemoryUse } from '../../work/outcome.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import type { WarmupTarget } from './warmup-report.ts';

/** The result of one warmup run. */
export type Ran =
  | {
      readonly answer: Answer;
      readonly computeMs: number;
      readonly memory: MemoryUse | undefined;
    }
  | { readonly problem: string };

/** Rows to run as one batch, as indexes into the rows in use. */
export type Rows = readonly number[];

/** A sequence of warmup runs: it yields the rows to run next and receives the result. */
export type Course<Result> = Generator<Rows, Result, Ran>;

/** Dependencies of a {@link Course}. */
export interface CourseParts {
  readonly clock: Clock;
  readonly comparator: AnswerComparator;
  readonly settings: WarmupSettings;
  readonly target: WarmupTarget;
  /** Sum of the compute times of the runs so far, in ms. */
  readonly computedMs: () => number;
  /** Sets the rows in use for the next runs. */
  readonly use: (rows: readonly Member[]) => void;
}
