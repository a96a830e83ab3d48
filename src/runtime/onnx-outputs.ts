import type { InferenceSession } from 'onnxruntime-node';
import type { OnnxFile } from '../model/onnx-file.ts';

type Output = InferenceSession.ValueMetadata;

/** What can be served of a model's outputs, and what is told of the others. */
export interface ServedOutputs {
  readonly outputs: readonly Output[];
  readonly warnings: readonly string[];
}

/** Leaves out what is no tensor of a datatype that the protocol has. Throws where nothing is left. */
export function servedOutputs(
  outputs: readonly Output[],
  file: OnnxFile | undefined,
  canCarry: (output: Output) => boolean,
): ServedOutputs {
  const others = outputs.filter((output) => !canCarry(output));
  const kinds = others.map((output) => `output '${output.name}' is ${kindText(output, file)}`);
  const cure = 'give what it holds as a tensor in the export';
  if (outputs.length > 0 && others.length === outputs.length) {
    throw new Error(`${kinds.join(', ')}, and the protocol carries tensors of its datatypes only; ${cure}`);
  }
  return {
    outputs: outputs.filter(canCarry),
    warnings: kinds.map((kind) => `${kind}, which the protocol cannot carry; it is left out: ${cure}`),
  };
}

function kindText(output: Output, file: OnnxFile | undefined): string {
  if (output.isTensor) return `a tensor of ${output.type}`;
  const kind = file?.outputs.find(({ name }) => name === output.name)?.kind ?? 'of no known kind';
  return kind === 'of no known kind' ? kind : `${kind === 'optional' ? 'an' : 'a'} ${kind}`;
}
