import { splitRows } from '../tensor/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Closeness, sameForm, sameTensor } from './same-answer.ts';

/** The outputs of a run, with the rows of a batch concatenated. */
export type Outputs = readonly Tensor[];

/** Location of an earlier answer to the same row: a row of other outputs. */
export interface Counterpart {
  readonly outputs: Outputs;
  readonly row: number;
}

/**
 * How the outputs of a batch differ from earlier answers to its rows; undefined when they do not. One counterpart per
 * row; undefined skips the row, except for its form.
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
  return sameTensor(before, now, closeness) ? undefined : 'of a row depends on the other rows';
}

/** Each row as a tensor of its own; undefined when the number of rows differs. */
function rowsOf(output: Tensor, count: number): Tensor[] | undefined {
  if (output.shape[0] !== count || count === 0) return undefined;
  return splitRows(output, new Array<number>(count).fill(1));
}

function wrongCount({ name, shape }: Tensor, wanted: number): string {
  return `output '${name}' has shape [${shape}], but the input has ${wanted} ${wanted === 1 ? 'row' : 'rows'}`;
}
