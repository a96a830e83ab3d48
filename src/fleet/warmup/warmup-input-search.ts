import type { Answer } from '../../model/inference.ts';
import { LARGE_ROW } from '../../warmup/made-up-rows.ts';
import type { Member } from '../../work/batch.ts';
import type { MemoryUse } from '../../work/outcome.ts';
import type { Course, CourseParts } from './course.ts';

/** An input that the model accepts. */
export interface FoundInput {
  readonly kind: 'found';
  readonly rows: readonly Member[];
  /** The answer to each row alone; only to the first rows when another row was refused. */
  readonly answers: readonly Answer[];
  /** Memory use of the first run. */
  readonly memory: MemoryUse | undefined;
  /** Why its rows cannot prove row independence; undefined when they can. */
  readonly doubt: string | undefined;
}

type NoInput = { readonly kind: 'failed' | 'skipped'; readonly why: string };

/** Finds the first candidate whose rows all run and differ in input and answer, else the one with most answers. */
export function* findInput(
  parts: CourseParts & { readonly isSpent: () => boolean },
): Course<FoundInput | NoInput> {
  const { target, isSpent } = parts;
  const { inputs } = target;
  // A later replica runs the input that an earlier one has chosen.
  if (target.profile === 'short' && inputs.chosen !== undefined)
    return yield* tryChosen(inputs.chosen, parts);
  let best: FoundInput | undefined;
  let firstProblem = 'none was run, because earlier candidates ended replicas';
  for (let candidate = inputs.first; candidate < inputs.count; candidate++) {
    const found = yield* tryCandidate(candidate, parts);
    if (typeof found === 'string') {
      if (inputs.isOwn) return { kind: 'failed', why: found };
      if (candidate === inputs.first) firstProblem = found;
    } else if (found.doubt === undefined) {
      return found;
    } else if (best === undefined || best.answers.length < found.answers.length) {
      best = found;
    }
    if (isSpent() && best !== undefined) return best;
  }
  const cure = 'set warmup.sample to a file with an input that it accepts';
  return best ?? { kind: 'skipped', why: `the model accepts no generated input (${firstProblem}): ${cure}` };
}

/** Other replicas have run these rows, so a failure is a fault of this replica. */
function* tryChosen(rows: readonly Member[], { use }: CourseParts): Course<FoundInput | NoInput> {
  use(rows);
  const ran = yield [0];
  if ('problem' in ran) return { kind: 'failed', why: ran.problem };
  return { kind: 'found', rows, answers: [ran.answer], memory: ran.memory, doubt: undefined };
}

/** The large row is dropped when it takes more than MUCH_LONGER times the longest other row, or LONG_MS if greater. */
const LONG_MS = 10;
const MUCH_LONGER = 10;

/** Runs each row alone; a text is the reason why the first one does not run. */
function* tryCandidate(
  candidate: number,
  { target, comparator, use }: CourseParts,
): Course<FoundInput | string> {
  const rows = target.inputs.rows(candidate);
  use(rows);
  const answers: Answer[] = [];
  let memory: MemoryUse | undefined;
  let refused: string | undefined;
  let longestMs = LONG_MS;
  for (let row = 0; row < rows.length && refused === undefined; row++) {
    const ran = yield [row];
    // The large row is optional evidence: when the model refuses it or takes much longer, the others suffice.
    const isOptional = row === LARGE_ROW && row === rows.length - 1 && !target.inputs.isOwn;
    if ('problem' in ran) refused = isOptional ? undefined : ran.problem;
    else if (!isOptional || ran.computeMs <= MUCH_LONGER * longestMs) {
      answers.push(ran.answer);
      memory ??= ran.memory;
      longestMs = Math.max(longestMs, ran.computeMs);
    }
  }
  if (answers.length === 0) return refused ?? 'the candidate has no rows';
  const found = { kind: 'found', rows: rows.slice(0, answers.length), answers, memory } as const;
  if (refused !== undefined)
    return { ...found, doubt: `the model refuses some of the test rows (${refused})` };
  if (rows.length === 1) return { ...found, doubt: undefined };
  const given = found.rows.map(({ request }) => ({ outputs: request.inputs }));
  if (comparator.areAlike(given)) return { ...found, doubt: 'all available test rows are equal' };
  const doubt = comparator.areAlike(answers) ? 'the model returns the same answer for all rows' : undefined;
  return { ...found, doubt };
}
