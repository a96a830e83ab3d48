import { splitRows } from '../tensor/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Closeness, sameForm, sameTensor } from './same-answer.ts';

/** The outputs of a run, the rows of a batch under each other. */
export type Outputs = readonly Tensor[];

/** Where the answer to the same row stands that was given before: in that row of other outputs. */
export interface Counterpart {
  readonly outputs: Outputs;
  readonly row: number;
}

/**
 * In what the outputs of a batch differ from what its rows gave before; undefined when they do not. One counterpart a
 * row; undefined passes a row over, though its form still counts.
 */
export function rowsProblem(
  batch: Outputs,
  counterparts: readonly (Counterpart | undefined)[],
  closeness: Closeness,
): string | undefined {
  for (const [index, output] of batch.entries()) {
    const rows = rowsOf(output, counterparts.length);
    if (rows === undefined) return wrongCount(output, counterparts.length);
    const rowsBefore = new Map<Outputs, Tensor[] | undefined>();
    for (const [row, counterpart] of counterparts.entries()) {
      if (counterpart === undefined) continue;
      const { outputs } = counterpart;
      const whole = outputs[index] as Tensor;
      if (!rowsBefore.has(outputs)) rowsBefore.set(outputs, rowsOf(whole, whole.shape[0] ?? 0));
      const before = rowsBefore.get(outputs)?.[counterpart.row];
      if (before === undefined) return wrongCount(whole, counterpart.row + 1);
      const problem = rowProblem(rows[row] as Tensor, before, closeness);
      if (problem !== undefined) return `output '${output.name}' ${problem} in a batch of ${rows.length}`;
    }
  }
  return undefined;
}

function rowProblem(now: Tensor, before: Tensor, closeness: Closeness): string | undefined {
  if (!sameForm(now, before)) return `of a row has shape [${now.shape}] instead of [${before.shape}]`;
  return sameTensor(before, now, closeness) ? undefined : 'of a row depends on its neighbours';
}

/** Each row as a tensor of its own; undefined where there are not so many. */
function rowsOf(output: Tensor, count: number): Tensor[] | undefined {
  if (output.shape[0] !== count || count === 0) return undefined;
  return splitRows(output, new Array<number>(count).fill(1));
}

function wrongCount({ name, shape }: Tensor, wanted: number): string {
  return `output '${name}' has shape [${shape}] where ${wanted} ${wanted === 1 ? 'row' : 'rows'} went in`;
}
