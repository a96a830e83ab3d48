import type { Tensor } from '../tensor/tensor.ts';

/** How the outputs differ in form from an earlier answer to the same input; undefined when they do not. */
export function formProblem(before: readonly Tensor[], outputs: readonly Tensor[]): string | undefined {
  if (outputs.length !== before.length) return `${outputs.length} outputs instead of ${before.length}`;
  const index = outputs.findIndex((output, each) => !hasForm(output, before[each] as Tensor));
  const [now, then] = [outputs[index], before[index]];
  if (now === undefined || then === undefined) return undefined;
  return `output '${now.name}' is ${formOf(now)}, but was ${formOf(then)} in the first answer`;
}

/** Sizes may depend on the contents of the input; the number of axes does not. */
function hasForm(output: Tensor, before: Tensor): boolean {
  return output.datatype === before.datatype && output.shape.length === before.shape.length;
}

function formOf({ datatype, shape }: Tensor): string {
  return `${datatype} [${shape}]`;
}
