import type { ModelOutput } from '../../model/define-model.ts';
import { encodeTextElements } from '../../tensor/bytes-elements.ts';
import type { Datatype } from '../../tensor/datatype.ts';
import { encodeElements } from '../../tensor/elements.ts';
import type { Segments } from '../../tensor/segments.ts';
import { allocateArray, bytesOf } from '../../tensor/tensor.ts';

/**
 * Encodes a module model's output. Numbers of a plain array are rounded to the nearest float, or must be values of
 * the datatype; a typed array must have the type of the datatype.
 */
export function encodeOutput(name: string, datatype: Datatype, data: ModelOutput['data']): Segments {
  return encodeData(`output '${name}'`, datatype, data);
}

/** The same for any tensor that a model's code gives; `what` names it in messages. */
export function encodeData(what: string, datatype: Datatype, data: ModelOutput['data']): Segments {
  const fail = (problem: string) => new RangeError(`${what}: ${problem}`);
  if (ArrayBuffer.isView(data) && datatype !== 'BYTES') {
    const { constructor: wanted } = allocateArray(datatype, 0);
    // Copied, because the memory leaves this thread and the model may reuse its array.
    if (data.constructor === wanted) return bytesOf(data.slice());
    throw new Error(
      `${what} is a ${data.constructor.name}; ${datatype} requires a ${wanted.name} or an array of numbers`,
    );
  }
  if (datatype !== 'BYTES') return encodeElements(datatype, data, fail);
  return encodeTextElements(Array.from(data as readonly unknown[]), fail, 'a text or a Uint8Array (BYTES)');
}
