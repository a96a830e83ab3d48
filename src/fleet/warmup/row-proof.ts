import type { Answer } from '../../model/inference.ts';
import type { RowIndependence } from '../../warmup/row-independence.ts';
import type { AnswerComparator, AnswerRow, RunsCompared } from '../monitor/answer-comparator.ts';
import type { Course } from './course.ts';

/** Inputs of the proof. */
export interface ProofParts {
  readonly comparator: AnswerComparator;
  /** The answer to each row alone. */
  readonly alone: readonly Answer[];
  /** Why a batch of `rows` rows cannot be run; undefined when it can. */
  readonly whyNotTry: (rows: number) => string | undefined;
}

/** Sizes of every proof: an even and an odd one, so that a model which folds rows together is detected. */
const NEEDED_SIZES = [2, 3];

/**
 * Tests whether rows are independent. A row must give the same answer at the same place of a batch of the same size
 * for any neighbours: the same kernels run on the same shapes, so any difference is due to the neighbours. It must also
 * give the answer that it gives alone, except for rounding. A single difference prevents merging.
 */
export function* proveRows(parts: ProofParts): Course<RowIndependence> {
  const { alone, whyNotTry } = parts;
  for (const size of new Set([...NEEDED_SIZES, alone.length])) {
    const whyNot = whyNotTry(size);
    if (whyNot !== undefined && NEEDED_SIZES.includes(size)) return { kind: 'unproven', why: whyNot };
    const doubt = whyNot === undefined ? yield* doubtAt(size, parts) : undefined;
    if (doubt !== undefined) return doubt;
  }
  return { kind: 'independent' };
}

/** Evidence against merging in batches of one size; undefined when there is none. */
export function* doubtAt(
  size: number,
  { comparator, alone }: ProofParts,
): Course<RowIndependence | undefined> {
  const rows = usualRows(size, alone.length);
  const usual = yield rows;
  const again = yield rows;
  if ('problem' in usual) return refused(size, usual.problem);
  if ('problem' in again) return refused(size, again.problem);
  const byAlone = (those: readonly number[]) =>
    those.map((row): AnswerRow => ({ answer: alone[row] as Answer, row: 0 }));
  const inUsual = (isKept: (place: number) => boolean) =>
    rows.map((_, place) => (isKept(place) ? { answer: usual.answer, row: place } : undefined));
  const problemIn = (answer: Answer, rowsBefore: readonly (AnswerRow | undefined)[], runs: RunsCompared) =>
    comparator.rowsProblem(answer, rowsBefore, runs);

  const miscount = problemIn(
    usual.answer,
    inUsual(() => false),
    'same size',
  );
  if (miscount !== '') return { kind: 'dependent', why: miscount };
  const change = problemIn(
    again.answer,
    inUsual(() => true),
    'same size',
  );
  if (change !== '')
    return { kind: 'unproven', why: 'the model returns different answers for the same batch' };
  const amongOthers = problemIn(usual.answer, byAlone(rows), 'other size');
  if (amongOthers !== '') return { kind: 'dependent', why: amongOthers };
  for (const kept of [0, 1]) {
    const isKept = (place: number) => place % 2 === kept;
    for (const neighbour of neighboursOf(kept, rows, alone.length)) {
      const mixed = rows.map((row, place) => (isKept(place) ? row : neighbour));
      const ran = yield mixed;
      if ('problem' in ran) return refused(size, ran.problem);
      const problem =
        problemIn(ran.answer, inUsual(isKept), 'same size') ||
        problemIn(ran.answer, byAlone(mixed), 'other size');
      if (problem !== '') return { kind: 'dependent', why: problem };
    }
  }
  return undefined;
}

/** Generated rows 0 and 2 have no whole number in common, so they rarely have the same largest number. */
function usualRows(size: number, count: number): number[] {
  if (size === 2) return [0, 2 % count];
  return Array.from({ length: size }, (_, place) => place % count);
}

/**
 * Rows that take turns as the only neighbour of the kept rows. The batch then lacks most of its usual rows: the usual
 * rows in another order would have the same largest number and the same sum. The smallest batch is cheapest, so most
 * neighbours are there, the large row among them: larger batches are not always run.
 */
function neighboursOf(kept: number, rows: readonly number[], count: number): Iterable<number> {
  const last = count - 1;
  if (rows.length === 2) return new Set([1, 3 % count, last]);
  return [kept === 1 ? 3 % count : rows.includes(last) ? 1 : last];
}

function refused(size: number, problem: string): RowIndependence {
  return { kind: 'dependent', why: `the model fails on a batch of ${size} rows (${problem})` };
}
