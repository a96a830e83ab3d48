import type { Admission } from '../../gateway/header-check.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { Segments } from '../../tensor/segments.ts';
import { LARGE_BYTES } from '../codec/codec.ts';
import type { ReadTask, WriteTask } from '../codec/codec-task.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { answerParts } from '../oip/oip-response.ts';
import { mostValues } from '../simple/read-target.ts';

/** The protocol form of a request. */
export type Form = 'infer' | 'predict';

/** The codec task that reads a body. */
export function readTask(form: Form, { version, jsonBytes }: Admission, body: Segments): ReadTask {
  const { model, settings } = version.spec;
  const { metadata, hasBatchAxis } = version;
  if (metadata === undefined) throw new Error(`${version.name} was admitted before it was loaded`);
  const { maxRows, maxRequestRows = maxRows } = settings.queue;
  const isLarge = body.byteLength > LARGE_BYTES;
  const maxValues = isLarge ? mostValues(metadata, hasBatchAxis, maxRequestRows) : undefined;
  const target = { model, metadata, maxValues };
  if (form === 'predict') return { kind: 'read predict', target, hasBatchAxis, body };
  if (jsonBytes === 0) return { kind: 'read raw', target, body };
  return { kind: 'read infer', target, body, jsonBytes };
}

/** The codec task that writes an answer in the form its caller asked for. */
export function writeTask(
  { version }: Admission,
  { request, outputs, isBinaryByDefault, layout }: OipRequest,
  answer: Answer,
): WriteTask {
  const { spec, hasBatchAxis } = version;
  if (layout !== undefined) return { kind: 'write predict', outputs: answer.outputs, hasBatchAxis, layout };
  const head = { id: request.id, model: spec.model, version: spec.version };
  return { kind: 'write infer', head, parts: answerParts(answer.outputs, outputs, isBinaryByDefault) };
}

/** Parameters that the model does not read neither distinguish requests nor are sent to it. */
export function withoutParameters(request: InferenceRequest): InferenceRequest {
  for (const _ in request.parameters) return { ...request, parameters: {} };
  return request;
}
