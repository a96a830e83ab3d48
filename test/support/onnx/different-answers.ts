import { differenceOf } from '../same-tensors.ts';
import type { PlainTensor } from '../tensor-asking.ts';

/**
 * Whether rows of one form get different answers, by their bits. No observation can prove anything of the rows of a
 * model that answers all of them alike, and merging them changes nothing.
 */
export function giveDifferentAnswers(
  requests: readonly (readonly PlainTensor[])[],
  answers: readonly (readonly PlainTensor[])[],
): boolean {
  const firstOfForm = new Map<string, readonly PlainTensor[]>();
  for (const [index, request] of requests.entries()) {
    const form = request.map(({ shape }) => shape.slice(1).join()).join(' ');
    for (let row = 0; row < (request[0]?.shape[0] ?? 0); row++) {
      const answer = (answers[index] ?? []).map((output) => sliceRows(output, row, row + 1));
      const first = firstOfForm.get(form);
      if (first === undefined) firstOfForm.set(form, answer);
      else if (differenceOf(answer, first, () => 0) !== undefined) return true;
    }
  }
  return false;
}

/** Rows `from` to `to` of a tensor, exclusive. */
export function sliceRows(
  { name, datatype, shape, bytes }: PlainTensor,
  from: number,
  to: number,
): PlainTensor {
  const rowBytes = bytes.byteLength / Math.max(1, shape[0] ?? 1);
  const own = bytes.slice(from * rowBytes, to * rowBytes);
  return { name, datatype, shape: [to - from, ...shape.slice(1)], bytes: own };
}
