import { type Refusal, refuse } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Call } from '../../gateway/call.ts';
import type { Admission } from '../../gateway/header-check.ts';
import type { Answer } from '../../model/inference.ts';
import type { Segments } from '../../tensor/segments.ts';
import { LARGE_BYTES } from '../codec/codec.ts';
import type { ReadTask, WriteTask } from '../codec/codec-task.ts';
import type { InferenceRoute } from '../http/route.ts';
import type { OipRequest } from '../oip/oip-request.ts';
import { answerParts, checkOutputs } from '../oip/oip-response.ts';
import { mostValues } from '../simple/read-target.ts';
import type { PredictForm } from '../simple/simple-codec.ts';

/** The protocol form of a request; `embeddings` is decoded before its model is known. */
export type Form = InferenceRoute['kind'] | 'embeddings';

/** The codec task that reads a body. A route reads the plain form even where none of its targets is loaded. */
export function readTask(
  form: Form,
  { version, destination, jsonBytes }: Admission,
  body: Segments,
): ReadTask | Refusal {
  const { model, settings } = version.spec;
  const { metadata, hasBatchAxis } = version;
  const others = destination?.others ?? [];
  if (form === 'infer' && jsonBytes !== 0 && (metadata === undefined || others.length > 0)) {
    return { kind: 'read infer', target: { model }, body, jsonBytes };
  }
  const isGenerate = form === 'generate' || form === 'generate stream';
  if (isGenerate && destination !== undefined) {
    return refuse('NOT_OFFERED', "a route does not offer 'generate': send the request to a model");
  }
  if (metadata === undefined) return refuse('MODEL_STARTING', `${version.name} is starting`);
  const { maxRows, maxRequestRows = maxRows } = settings.queue;
  const isLarge = body.byteLength > LARGE_BYTES;
  const maxValues = isLarge ? mostValues(metadata, hasBatchAxis, maxRequestRows) : undefined;
  const target = { model, metadata, maxValues };
  if (form === 'embeddings') return { kind: 'read embeddings', body };
  if (form === 'predict')
    return { kind: 'read predict', target, hasBatchAxis, others: others.flatMap(formOf), body };
  if (isGenerate) return { kind: 'read generate', target, body };
  if (jsonBytes === 0) return { kind: 'read raw', target, body };
  return { kind: 'read infer', target, body, jsonBytes };
}

function formOf({ metadata, hasBatchAxis }: VersionInService): PredictForm[] {
  return metadata === undefined ? [] : [{ metadata, hasBatchAxis }];
}

/** The codec task that writes an answer in the form its caller asked for. A route answers under its own name. */
export function writeTask(
  form: Form,
  { version, routed, admission: { destination } }: Pick<Call, 'version' | 'routed' | 'admission'>,
  { request, outputs, isBinaryByDefault, layout, embeddings }: OipRequest,
  answer: Answer,
): WriteTask | Refusal {
  const { spec, hasBatchAxis } = version;
  if (layout !== undefined) return { kind: 'write predict', outputs: answer.outputs, hasBatchAxis, layout };
  if (embeddings !== undefined)
    return { kind: 'write embeddings', outputs: answer.outputs, form: embeddings };
  const head = { id: request.id, model: destination?.view.name ?? spec.model, version: spec.version };
  if (form === 'generate' || form === 'generate stream') {
    return { kind: 'write generate', head, outputs: answer.outputs };
  }
  // A route may answer from another target than the one that the outputs were requested of.
  // A fixed answer has what it has.
  const isFixed = routed?.servedBy === 'answer';
  const wanted = isFixed
    ? outputs?.filter(({ name }) => answer.outputs.some((it) => it.name === name))
    : outputs;
  const wrong = destination && wanted && checkOutputs(head.model, answer, wanted);
  if (wrong !== undefined) return wrong;
  return { kind: 'write infer', head, parts: answerParts(answer.outputs, wanted, isBinaryByDefault) };
}
