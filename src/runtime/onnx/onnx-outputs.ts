import type { InferenceSession } from 'onnxruntime-node';
import type { OnnxFile } from '../../model/onnx-file.ts';

type Output = InferenceSession.ValueMetadata;

/** The outputs of a model that can be served, and warnings about the others. */
export interface ServedOutputs {
  readonly outputs: readonly Output[];
  readonly warnings: readonly string[];
}

/** Omits outputs that are not tensors of a protocol datatype. Throws when none is left. */
export function servedOutputs(
  outputs: readonly Output[],
  file: OnnxFile | undefined,
  canCarry: (output: Output) => boolean,
): ServedOutputs {
  const others = outputs.filter((output) => !canCarry(output));
  const kinds = others.map((output) => `output '${output.name}' is ${kindText(output, file)}`);
  const fix = 'export it as a tensor of a supported datatype';
  if (outputs.length > 0 && others.length === outputs.length) {
    throw new Error(`${kinds.join(', ')}, which the protocol cannot carry; ${fix}`);
  }
  return {
    outputs: outputs.filter(canCarry),
    warnings: kinds.map(
      (kind) => `${kind}, which the protocol cannot carry; the output is omitted; to serve it, ${fix}`,
    ),
  };
}

function kindText(output: Output, file: OnnxFile | undefined): string {
  if (output.isTensor) return `a tensor of ${output.type}`;
  const kind = file?.outputs.find(({ name }) => name === output.name)?.kind ?? 'of no known kind';
  return kind === 'of no known kind' ? kind : `${kind === 'optional' ? 'an' : 'a'} ${kind}`;
}
