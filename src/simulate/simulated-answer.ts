import type { TensorMetadata } from '../model/model-metadata.ts';
import { encodeAnswer, encodeEnd } from '../process/batch-frames.ts';
import { FrameEncoder } from '../process/frame-encoder.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND } from '../process/wire.ts';
import { splitRows } from '../tensor/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { SimulatedBatch, SimulatedResult } from './simulated-behaviour.ts';

/** The frames in which a replica would tell what became of a batch. */
export function simulatedAnswer(
  header: FrameHeader,
  names: readonly TensorMetadata[],
  batch: SimulatedBatch,
  result: SimulatedResult,
  computeMs: number,
): Uint8Array[] {
  const encoder = new FrameEncoder();
  if (result.kind === 'throw') {
    encoder.add({ ...header, flags: FLAG.THREW }, Buffer.from(result.message), []);
    return encoder.finish();
  }
  const given = (result.kind === 'answer' && result.outputs) || batch.inputs;
  const outputs = given.map((output, index) => ({ ...output, name: names[index]?.name ?? output.name }));
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
  encoder.add(header, encodeEnd({ computeMs }), []);
  return encoder.finish();
}

function addAnswer(encoder: FrameEncoder, header: FrameHeader, outputs: readonly Tensor[]): void {
  const { meta, payloads } = encodeAnswer(outputs);
  encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST }, meta, payloads);
}
