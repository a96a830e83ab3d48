import { ServingError } from '../base/errors.ts';
import type { Answer } from '../model/inference.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import { encodeTextElements } from '../tensor/bytes-elements.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { encodeElements } from '../tensor/elements.ts';
import { flattenNested, nestedShape } from '../tensor/nested.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * A fixed answer for a request of `rows` rows. A value without a list stands for every row; a list is the row itself.
 * The datatype is that of the output that the targets have in common, else it follows from the value: BYTES, BOOL, INT64 or
 * FP32. Throws a ServingError for a value that fits no tensor.
 */
export function staticAnswer(
  values: Readonly<Record<string, unknown>>,
  rows: number,
  known: readonly TensorMetadata[],
): Answer {
  return {
    outputs: Object.entries(values).map(([name, value]) => {
      const datatype = known.find((output) => output.name === name)?.datatype;
      return tensorOf(name, value, rows, datatype);
    }),
  };
}

function tensorOf(name: string, value: unknown, rows: number, wanted: Datatype | undefined): Tensor {
  const fail = (problem: string) =>
    new ServingError('INTERNAL', `output '${name}' of the fixed answer ${problem}`);
  const inner = nestedShape(value);
  const row = flattenNested(value, inner, (place, problem) => fail(`${place} ${problem}`));
  const elements = Array.from({ length: rows }, () => row).flat();
  const datatype = wanted ?? datatypeOf(row);
  const data =
    datatype === 'BYTES'
      ? encodeTextElements(elements, fail, 'text')
      : encodeElements(datatype, elements, fail);
  return { name, datatype, shape: [rows, ...inner], data };
}

function datatypeOf(elements: readonly unknown[]): Datatype {
  if (elements.every((element) => typeof element === 'boolean')) return 'BOOL';
  if (elements.every((element) => Number.isSafeInteger(element))) return 'INT64';
  return elements.every((element) => typeof element === 'number') ? 'FP32' : 'BYTES';
}
