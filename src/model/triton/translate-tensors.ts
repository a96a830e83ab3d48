import { isGiven, messageIn, messagesIn, numbersIn, placeOf, textIn } from './message-access.ts';
import type { Message } from './read-message.ts';
import type { Translation } from './translation.ts';

/** An entry of the setting `signature`. */
interface SignatureTensor {
  readonly name: string;
  readonly datatype?: string;
  readonly shape?: readonly number[];
  readonly modelShape?: readonly number[];
}

/** The facts of a configuration that decide how its tensors are read. */
export interface TensorFacts {
  /** Shapes leave out the first axis, which counts rows. */
  readonly hasBatchAxis: boolean;
  /** What is left out is taken from the model. */
  readonly isCompleted: boolean;
}

/** `input` and `output` as a signature that the model must have. */
export function translateTensors(config: Message, facts: TensorFacts, translation: Translation): void {
  for (const [field, setting] of [
    ['input', 'signature.inputs'],
    ['output', 'signature.outputs'],
  ] as const) {
    const seen = new Set<string>();
    const tensors = messagesIn(config, field).map((tensor) => {
      const name = textIn(tensor, 'name');
      if (name === '') translation.problem(tensor.at, `'${field}' has an entry without a name`);
      else if (seen.has(name)) {
        translation.problem(
          placeOf(tensor, 'name'),
          `'${field}' has two entries '${name}': rename one of them`,
        );
      }
      seen.add(name);
      return tensorOf(field, tensor, facts, translation);
    });
    if (tensors.length > 0) translation.set(setting, tensors);
  }
}

function tensorOf(
  field: string,
  tensor: Message,
  { hasBatchAxis, isCompleted }: TensorFacts,
  translation: Translation,
): SignatureTensor {
  const name = textIn(tensor, 'name');
  const of = `of ${field} '${name}'`;
  const datatype = datatypeOf(textIn(tensor, 'data_type', 'TYPE_INVALID'));
  if (datatype === undefined && (isGiven(tensor, 'data_type') || !isCompleted)) {
    translation.problem(
      placeOf(tensor, 'data_type'),
      `'data_type' ${of} is missing: wanted a type such as TYPE_FP32`,
    );
  }
  const dims = numbersIn(tensor, 'dims');
  if (dims.length === 0 && (isGiven(tensor, 'dims') || !isCompleted)) {
    translation.problem(
      placeOf(tensor, 'dims'),
      `'dims' ${of} are missing: wanted one size or more, -1 for any`,
    );
  }
  checkSizes(tensor, 'dims', of, translation);
  checkFormat(tensor, dims, translation);
  const rows = hasBatchAxis ? [-1] : [];
  const reshaped = modelShape(tensor, dims, { of, hasBatchAxis }, translation);
  return {
    name,
    ...(datatype === undefined ? {} : { datatype }),
    ...(dims.length === 0 ? {} : { shape: [...rows, ...dims] }),
    ...(reshaped === undefined ? {} : { modelShape: [...rows, ...reshaped] }),
  };
}

/** The datatype of the protocol; undefined for TYPE_INVALID. */
export function datatypeOf(type: string): string | undefined {
  if (type === 'TYPE_INVALID') return undefined;
  return type === 'TYPE_STRING' ? 'BYTES' : type.slice('TYPE_'.length);
}

function checkSizes(tensor: Message, field: string, of: string, translation: Translation): void {
  for (const { value, at } of tensor.fields.get(field) ?? []) {
    const size = Number(value);
    const isSize = size >= 1 && Number.isSafeInteger(size);
    if (!isSize && size !== -1) {
      translation.problem(
        at,
        `'${field}' ${of} has the size ${value}, wanted from 1 to ${Number.MAX_SAFE_INTEGER}, or -1 for any`,
      );
    }
  }
}

function checkFormat(tensor: Message, dims: readonly number[], translation: Translation): void {
  const format = textIn(tensor, 'format', 'FORMAT_NONE');
  if (format !== 'FORMAT_NONE' && dims.length !== 3) {
    translation.problem(
      placeOf(tensor, 'format'),
      `'format' is ${format}, which needs 3 dims, found ${dims.length}`,
    );
  }
}

/** The shape of `reshape`; undefined without one. */
function modelShape(
  tensor: Message,
  dims: readonly number[],
  { of, hasBatchAxis }: { readonly of: string; readonly hasBatchAxis: boolean },
  translation: Translation,
): number[] | undefined {
  const reshape = messageIn(tensor, 'reshape');
  if (reshape === undefined) return undefined;
  const shape = numbersIn(reshape, 'shape');
  if (shape.length === 0 && !hasBatchAxis) {
    translation.problem(reshape.at, `'reshape' ${of} is empty, which needs max_batch_size of at least 1`);
  }
  checkSizes(reshape, 'shape', of, translation);
  if (partsOf(dims).join() !== partsOf(shape).join()) {
    translation.problem(
      reshape.at,
      `'reshape' ${of} is [${shape.join(', ')}], which has another number of elements than dims [${dims.join(', ')}]`,
    );
  }
  return shape;
}

/** The numbers of elements before, between and after sizes that are open. */
function partsOf(shape: readonly number[]): number[] {
  const parts = [1];
  for (const size of shape) {
    if (size === -1) parts.push(1);
    else parts.push((parts.pop() ?? 1) * size);
  }
  return parts;
}
