import { decodeBytesElements } from '../../tensor/bytes-elements.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** The rows of a batch whose texts have a problem, each with the first one. */
export function unfitTexts(
  inputs: readonly Tensor[],
  rows: number,
  problemOf: (text: Uint8Array) => string | undefined,
): Map<number, string> {
  const unfit = new Map<number, string>();
  for (const { name, datatype, data } of inputs) {
    if (datatype !== 'BYTES') continue;
    const elements = decodeBytesElements(data);
    const perRow = Math.max(1, elements.length / rows);
    for (const [index, element] of elements.entries()) {
      const problem = problemOf(element);
      const row = Math.min(rows - 1, Math.floor(index / perRow));
      if (problem !== undefined && !unfit.has(row)) {
        unfit.set(row, `input '${name}': element ${index - Math.floor(row * perRow)} ${problem}`);
      }
    }
  }
  return unfit;
}
