import { ServingError } from '../base/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ModelMetadata, TensorMetadata } from './model-metadata.ts';

/** Most names listed in one message. */
const MAX_LISTED = 20;

/** Returns the inputs in the order of the model. Throws a ServingError for a missing, unexpected or mismatched input. */
export function checkInputs(
  model: string,
  metadata: ModelMetadata,
  inputs: readonly Tensor[],
): readonly Tensor[] {
  if (inputs.length !== metadata.inputs.length) throw wrongInputs(model, metadata, inputs);
  // Most clients keep the order of the model; names are searched only when they do not.
  const isInOrder = metadata.inputs.every(({ name }, index) => inputs[index]?.name === name);
  const ordered = isInOrder ? inputs : inOrder(model, metadata, inputs);
  for (let index = 0; index < ordered.length; index++) {
    checkInput(model, metadata.inputs[index] as TensorMetadata, ordered[index] as Tensor);
  }
  return ordered;
}

function inOrder(model: string, metadata: ModelMetadata, inputs: readonly Tensor[]): readonly Tensor[] {
  return metadata.inputs.map(({ name }) => {
    const input = inputs.find((other) => other.name === name);
    if (input === undefined) throw wrongInputs(model, metadata, inputs);
    return input;
  });
}

/**
 * Number of rows of a request: the common size of the first axis of all inputs, or 1 when the model has no batch
 * axis.
 */
export function countRows(model: string, hasBatchAxis: boolean, inputs: readonly Tensor[]): number {
  const rows = hasBatchAxis ? inputs[0]?.shape[0] : 1;
  if (rows === undefined) return 1;
  if (rows < 1) {
    throw new ServingError(
      'INVALID_INPUT',
      `the request for model '${model}' has ${rows} rows, wanted at least one`,
    );
  }
  if (hasBatchAxis) {
    for (const input of inputs) {
      if (input.shape[0] !== rows) {
        throw new ServingError(
          'INVALID_INPUT',
          `input '${input.name}' batch size does not match other inputs for '${model}': ` +
            `${input.shape[0]} rows, but '${inputs[0]?.name}' has ${rows}`,
        );
      }
    }
  }
  return rows;
}

/** Throws when datatype or shape of an input do not match the metadata. The data need not be read yet. */
export function checkInput(model: string, wanted: TensorMetadata, input: Omit<Tensor, 'data'>): void {
  if (input.datatype !== wanted.datatype) {
    throw new ServingError(
      'INVALID_INPUT',
      `inference input '${input.name}' data-type is '${input.datatype}', but model '${model}' expects '${wanted.datatype}'`,
    );
  }
  if (wanted.anyRank !== true && !fitsShape(input.shape, wanted.shape)) {
    throw new ServingError(
      'INVALID_INPUT',
      `unexpected shape for input '${input.name}' for model '${model}'. ` +
        `Expected [${wanted.shape.join(',')}], got [${input.shape.join(',')}].` +
        (wanted.shape.length === input.shape.length + 1
          ? ' The first axis counts rows: put a 1 before yours.'
          : ''),
    );
  }
}

/** Whether a shape matches the metadata, where -1 matches any size. */
export function fitsShape(shape: readonly number[], wanted: readonly number[]): boolean {
  if (shape.length !== wanted.length) return false;
  for (let axis = 0; axis < shape.length; axis++) {
    if (wanted[axis] !== -1 && wanted[axis] !== shape[axis]) return false;
  }
  return true;
}

function wrongInputs(model: string, metadata: ModelMetadata, inputs: readonly Tensor[]): ServingError {
  const wanted = metadata.inputs.map((input) => input.name);
  const got = inputs.map((input) => input.name);
  const missing = wanted.filter((name) => !got.includes(name));
  const unexpected = got.filter((name) => !wanted.includes(name));
  const facts = [
    `expected ${wanted.length} inputs but got ${got.length} inputs for model '${model}'.`,
    `Got input(s) ${list(got)}, wanted ${list(wanted)}`,
    missing.length > 0 ? `, missing required input(s) ${list(missing)}` : '',
    unexpected.length > 0 ? `, unexpected inference input ${list(unexpected)}` : '',
  ];
  return new ServingError('INVALID_INPUT', `${facts[0]} ${facts.slice(1).join('')}`);
}

function list(names: readonly string[]): string {
  const first = names.slice(0, MAX_LISTED).map((name) => `'${name.slice(0, 60)}'`);
  if (names.length > MAX_LISTED) first.push(`… (${names.length} in all)`);
  return `[${first.join(', ')}]`;
}
