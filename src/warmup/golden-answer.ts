import type { Tensor } from '../tensor/tensor.ts';

/** In what form an answer differs from one given to the same input before; undefined when it does not. */
export function formProblem(before: readonly Tensor[], outputs: readonly Tensor[]): string | undefined {
  if (outputs.length !== before.length) return `${outputs.length} outputs came instead of ${before.length}`;
  const index = outputs.findIndex((output, each) => !hasForm(output, before[each] as Tensor));
  const [now, then] = [outputs[index], before[index]];
  if (now === undefined || then === undefined) return undefined;
  return `output '${now.name}' came as ${formOf(now)} instead of ${formOf(then)}, as it did at first`;
}

/** Sizes may follow from what the input holds; the number of axes does not. */
function hasForm(output: Tensor, before: Tensor): boolean {
  return output.datatype === before.datatype && output.shape.length === before.shape.length;
}

function formOf({ datatype, shape }: Tensor): string {
  return `${datatype} [${shape}]`;
}
