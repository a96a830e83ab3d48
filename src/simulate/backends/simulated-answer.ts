import { encodeAnswer } from '../../process/wire/batch-frames.ts';
import { FrameEncoder } from '../../process/wire/frame-encoder.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND } from '../../process/wire/wire.ts';
import { splitRows } from '../../tensor/rows.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { SimulatedBatch, SimulatedResult } from './simulated-behaviour.ts';

/** The answer of a simulated replica. */
export interface SimulatedAnswer {
  readonly result: SimulatedResult;
  readonly computeMs: number;
  /** Names of the model's outputs. */
  readonly names: readonly string[];
}

/** The frames of a simulated replica's answer to a batch, up to its END. */
export function simulatedAnswer(
  header: FrameHeader,
  batch: SimulatedBatch,
  { result, computeMs, names }: SimulatedAnswer,
): Uint8Array[] {
  const encoder = new FrameEncoder();
  if (result.kind === 'throw') {
    encoder.add({ ...header, flags: FLAG.THREW }, Buffer.from(result.message), []);
    return encoder.finish();
  }
  const given = (result.kind === 'answer' && result.outputs) || batch.inputs;
  const outputs = given.map((output, index) => ({ ...output, name: names[index] ?? output.name }));
  const refused = result.kind === 'refuse members' ? result.members : [];
  if (refused.length === 0) addAnswer(encoder, { ...header, member: ALL_MEMBERS }, outputs);
  else {
    const parts = outputs.map((output) => splitRows(output, batch.memberRows));
    batch.memberRows.forEach((_, member) => {
      if (refused.includes(member)) {
        encoder.add({ ...header, kind: KIND.REFUSED, member }, Buffer.from('not a number'), []);
      } else {
        const own = parts.map((byMember) => byMember[member] as Tensor);
        addAnswer(encoder, { ...header, member }, own);
      }
    });
  }
  const took = Buffer.alloc(8);
  took.writeDoubleLE(computeMs, 0);
  encoder.add(header, took, []);
  return encoder.finish();
}

function addAnswer(encoder: FrameEncoder, header: FrameHeader, outputs: readonly Tensor[]): void {
  const { meta, payloads } = encodeAnswer(outputs);
  encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST }, meta, payloads);
}
