import type { Answer } from '../../model/inference.ts';
import { LARGE_ROW } from '../../warmup/made-up-rows.ts';
import type { Member } from '../../work/batch.ts';
import type { MemoryUse } from '../../work/outcome.ts';
import type { Course, CourseParts } from './course.ts';

/** An input that the model takes. */
export interface FoundInput {
  readonly kind: 'found';
  readonly rows: readonly Member[];
  /** Of each of its rows alone; only of the first ones where another row was refused. */
  readonly answers: readonly Answer[];
  /** What the very first run took. */
  readonly memory: MemoryUse | undefined;
  /** Why nothing can be told from its rows; undefined when something can. */
  readonly doubt: string | undefined;
}

type NoInput = { readonly kind: 'failed' | 'skipped'; readonly why: string };

/** Tries the candidates in turn for one whose rows all run, and tell something. */
export function* findInput(
  parts: CourseParts & { readonly isSpent: () => boolean },
): Course<FoundInput | NoInput> {
  const { target, isSpent } = parts;
  const { inputs } = target;
  // A replica that follows others runs what they have found.
  if (target.profile === 'short' && inputs.chosen !== undefined)
    return yield* tryChosen(inputs.chosen, parts);
  let best: FoundInput | undefined;
  let firstProblem = 'none was tried, since replicas ended over others';
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
  const cure = 'name a file with an input that it takes in warmup.sample';
  return (
    best ?? { kind: 'skipped', why: `the model took no input that was made up (${firstProblem}): ${cure}` }
  );
}

/** Other replicas have run these rows: that this one does not is its own fault. */
function* tryChosen(rows: readonly Member[], { use }: CourseParts): Course<FoundInput | NoInput> {
  use(rows);
  const ran = yield [0];
  if ('problem' in ran) return { kind: 'failed', why: ran.problem };
  return { kind: 'found', rows, answers: [ran.answer], memory: ran.memory, doubt: undefined };
}

/** A row that takes less never takes long, and one that takes so many times longer than the others does. */
const LONG_MS = 10;
const MUCH_LONGER = 10;

/** Each row alone; a text is why not even the first one runs. */
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
    // The large one is only to show more: where the model refuses it, or takes much longer, the others are as good.
    const isOptional = row === LARGE_ROW && row === rows.length - 1 && !target.inputs.isOwn;
    if ('problem' in ran) refused = isOptional ? undefined : ran.problem;
    else if (!isOptional || ran.computeMs <= MUCH_LONGER * longestMs) {
      answers.push(ran.answer);
      memory ??= ran.memory;
      longestMs = Math.max(longestMs, ran.computeMs);
    }
  }
  if (answers.length === 0) return refused ?? 'it has no rows';
  const found = { kind: 'found', rows: rows.slice(0, answers.length), answers, memory } as const;
  if (refused !== undefined) return { ...found, doubt: `the model refused other rows (${refused})` };
  if (rows.length === 1) return { ...found, doubt: undefined };
  const given = found.rows.map(({ request }) => ({ outputs: request.inputs }));
  if (comparator.areAlike(given))
    return { ...found, doubt: 'all rows that it could be tried with are alike' };
  const doubt = comparator.areAlike(answers) ? 'the model gives all rows the same answer' : undefined;
  return { ...found, doubt };
}
