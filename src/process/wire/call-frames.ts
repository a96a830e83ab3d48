import { isReason, type Refusal, refuse } from '../../base/errors.ts';
import type { Answer, Parameters } from '../../model/inference.ts';
import type { ModelCall } from '../../model/model-call.ts';
import { parseExactJson, writeExactJson } from '../../tensor/exact-json.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Body, encodeAnswer } from './batch-frames.ts';
import { readAnyTensors, tensorTableBytes, writeTensorTable } from './tensor-table.ts';
import { FLAG, type Frame, padding } from './wire.ts';

/** Bytes before the name of the model: its length, that of the parameters, and the timeout. */
const FIXED_BYTES = 16;
const MOST_NAME_BYTES = 4096;

/** Encodes a CALL body. */
export function encodeCall({ model, inputs, parameters, timeoutMs }: ModelCall): Body {
  const name = Buffer.from(model);
  const text = Buffer.from(Object.keys(parameters).length === 0 ? '' : writeExactJson(parameters));
  const textEnd = FIXED_BYTES + name.byteLength + text.byteLength;
  const tableStart = textEnd + padding(textEnd);
  const meta = Buffer.alloc(tableStart + tensorTableBytes(inputs));
  meta.writeUInt32LE(name.byteLength, 0);
  meta.writeUInt32LE(text.byteLength, 4);
  meta.writeDoubleLE(timeoutMs ?? Number.POSITIVE_INFINITY, 8);
  meta.set(name, FIXED_BYTES);
  meta.set(text, FIXED_BYTES + name.byteLength);
  writeTensorTable(meta, tableStart, inputs);
  return { meta, payloads: inputs.map(({ data }) => data) };
}

/** Reads a CALL body; throws a RangeError or SyntaxError when it is malformed. */
export function decodeCall({ meta, payload }: Pick<Frame, 'meta' | 'payload'>): ModelCall {
  const nameBytes = meta.readUInt32LE(0);
  const parameterBytes = meta.readUInt32LE(4);
  const timeoutMs = meta.readDoubleLE(8);
  if (nameBytes > MOST_NAME_BYTES) throw new RangeError(`the name of a model has ${nameBytes} bytes`);
  if (!(timeoutMs > 0)) throw new RangeError(`${timeoutMs} is not a timeout`);
  const nameEnd = FIXED_BYTES + nameBytes;
  const textEnd = nameEnd + parameterBytes;
  return {
    model: meta.toString('utf8', FIXED_BYTES, nameEnd),
    inputs: readAnyTensors(meta, textEnd + padding(textEnd), payload),
    parameters: parametersIn(meta.toString('utf8', nameEnd, textEnd)),
    timeoutMs: timeoutMs === Number.POSITIVE_INFINITY ? undefined : timeoutMs,
  };
}

function parametersIn(text: string): Parameters {
  if (text === '') return {};
  const value = parseExactJson(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Parameters;
  throw new RangeError('the parameters of a call are not an object');
}

/** Encodes a REPLY body: the outputs, or with the flag THREW the reason and the message. */
export function encodeReply(outcome: Answer | Refusal): Body & { readonly flags: number } {
  if ('outputs' in outcome) return { ...encodeAnswer(outcome.outputs), flags: 0 };
  return { meta: Buffer.from(reasonText(outcome)), payloads: [], flags: FLAG.THREW };
}

/** Reads a REPLY body; the outputs are in the order of the called model. */
export function decodeReply(meta: Buffer, payload: Segments, flags: number): readonly Tensor[] | Refusal {
  return (flags & FLAG.THREW) === 0 ? readAnyTensors(meta, 0, payload) : refusalIn(meta.toString('utf8'));
}

/** A refusal as text: its reason, then its message. */
export function reasonText({ reason, message }: Pick<Refusal, 'reason' | 'message'>): string {
  return `${reason} ${message}`;
}

/** Reads it; throws a RangeError when the reason is unknown. */
export function refusalIn(text: string): Refusal {
  const [reason = ''] = text.split(' ', 1);
  if (isReason(reason)) return refuse(reason, text.slice(reason.length + 1));
  throw new RangeError(`'${reason.slice(0, 40)}' is not the reason of a refusal`);
}
