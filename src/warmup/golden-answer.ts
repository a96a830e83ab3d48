import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What is wrong with the form of an answer to one row; undefined when it is as the model declares. */
export function formProblem(metadata: ModelMetadata, outputs: readonly Tensor[]): string | undefined {
  if (outputs.length !== metadata.outputs.length) {
    return `${outputs.length} outputs came, ${metadata.outputs.length} were wanted`;
  }
  const wrong = outputs.find((output, index) => !fits(output, metadata.outputs[index] as TensorMetadata));
  return wrong === undefined
    ? undefined
    : `output '${wrong.name}' came as ${wrong.datatype} [${wrong.shape.join(',')}], which is not what the model declares`;
}

function fits(output: Tensor, declared: TensorMetadata): boolean {
  return (
    output.datatype === declared.datatype &&
    output.shape.length === declared.shape.length &&
    output.shape.every((size, axis) => declared.shape[axis] === -1 || declared.shape[axis] === size)
  );
}
