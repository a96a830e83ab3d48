import type { Answer } from '../../model/inference.ts';
import type { RowIndependence } from '../../warmup/row-independence.ts';
import type { AnswerComparator, AnswerRow, RunsCompared } from '../monitor/answer-comparator.ts';
import type { Course } from './course.ts';

/** What the proof starts from. */
export interface ProofParts {
  readonly comparator: AnswerComparator;
  /** The answer to each row alone. */
  readonly alone: readonly Answer[];
  /** Why a batch of so many rows cannot be tried; undefined when it can. */
  readonly whyNotTry: (rows: number) => string | undefined;
}

/** Tried in every proof: an even and an odd number, so that what folds rows together shows. */
const NEEDED_SIZES = [2, 3];

/**
 * Shows whether rows are independent. A row must give the same answer in the same place of a batch of the same size,
 * whoever its neighbours are: then the same kernels run on the same shapes, and any difference is the neighbours'. And
 * it must give what it gives alone, but for rounding. One doubt is enough not to merge.
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

/** What speaks against merging in batches of one size; undefined when nothing does. */
export function* doubtAt(
  size: number,
  { comparator, alone }: ProofParts,
): Course<RowIndependence | undefined> {
  const rows = Array.from({ length: size }, (_, place) => place % alone.length);
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

  const change = problemIn(
    again.answer,
    inUsual(() => true),
    'same size',
  );
  if (change !== '')
    return { kind: 'unproven', why: 'the model answers the same batch differently each time' };
  const amongOthers = problemIn(usual.answer, byAlone(rows), 'other size');
  if (amongOthers !== '') return { kind: 'dependent', why: amongOthers };
  for (const kept of [0, 1]) {
    const isKept = (place: number) => place % 2 === kept;
    const mixed = rows.map((row, place) =>
      isKept(place) ? row : (row + (alone.length > FURTHER ? FURTHER : 1)) % alone.length,
    );
    const ran = yield mixed;
    if ('problem' in ran) return refused(size, ran.problem);
    const problem =
      problemIn(ran.answer, inUsual(isKept), 'same size') ||
      problemIn(ran.answer, byAlone(mixed), 'other size');
    if (problem !== '') return { kind: 'dependent', why: problem };
  }
  return undefined;
}

/** Another neighbour than before, and not the row itself. */
const FURTHER = 3;

function refused(size: number, problem: string): RowIndependence {
  return { kind: 'dependent', why: `the model does not take ${size} rows together (${problem})` };
}
