import { isRefusal, type Refusal, ServingError } from '../../base/errors.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { HeadReader } from '../oip/oip-head.ts';
import { type OipRequest, readOipRequest, readRawRequest } from '../oip/oip-request.ts';
import {
  type AnswerHead,
  type AnswerPart,
  type EncodedAnswer,
  type HeadWriter,
  writeOipAnswer,
} from '../oip/oip-response.ts';
import type { EmbeddingsForm } from '../openai/read-request.ts';
import { readEmbeddingsRequest } from '../openai/read-request.ts';
import { writeEmbeddingsAnswer } from '../openai/write-answer.ts';
import { type GenerateHead, readGenerateRequest, writeGenerateAnswer } from '../simple/generate-codec.ts';
import type { ReadTarget } from '../simple/read-target.ts';
import {
  type Layout,
  type PredictForm,
  type PredictTarget,
  readPredictRequest,
  writePredictAnswer,
} from '../simple/simple-codec.ts';

/** Reading or writing of one body as plain data, so that any thread can do it. */
export type CodecTask =
  | {
      readonly kind: 'read infer';
      readonly target: ReadTarget;
      readonly body: Segments;
      readonly jsonBytes: number | undefined;
    }
  | {
      readonly kind: 'read raw';
      readonly target: PredictTarget;
      readonly body: Segments;
    }
  | {
      readonly kind: 'read predict';
      readonly target: PredictTarget;
      readonly hasBatchAxis: boolean;
      /** Further forms that the request may have, for a route that decides by the body. */
      readonly others?: readonly PredictForm[];
      readonly body: Segments;
    }
  | { readonly kind: 'read embeddings'; readonly body: Segments }
  | {
      readonly kind: 'read generate';
      readonly target: PredictTarget;
      readonly body: Segments;
    }
  | {
      readonly kind: 'write generate';
      readonly head: GenerateHead;
      readonly outputs: readonly Tensor[];
    }
  | { readonly kind: 'write infer'; readonly head: AnswerHead; readonly parts: readonly AnswerPart[] }
  | {
      readonly kind: 'write predict';
      readonly outputs: readonly Tensor[];
      readonly hasBatchAxis: boolean;
      readonly layout: Layout;
    }
  | {
      readonly kind: 'write embeddings';
      readonly outputs: readonly Tensor[];
      readonly form: EmbeddingsForm;
    };

export type ReadTask = Extract<CodecTask, { readonly body: Segments }>;
export type WriteTask = Exclude<CodecTask, ReadTask>;

/** Runs a reading task; any problem of the body is returned as a refusal. */
export function read(task: ReadTask, readHead: HeadReader): OipRequest | Refusal {
  try {
    switch (task.kind) {
      case 'read infer':
        return readOipRequest(task.target, task.body, task.jsonBytes, readHead);
      case 'read raw':
        return readRawRequest(task.target.model, task.target.metadata, task.body);
      case 'read generate': {
        const request = readGenerateRequest(task.target, task.body);
        return { request, outputs: undefined, isBinaryByDefault: false };
      }
      case 'read predict': {
        const { target, hasBatchAxis, others, body } = task;
        const read = readPredictRequest(target, hasBatchAxis, body, others);
        return { ...read, outputs: undefined, isBinaryByDefault: false };
      }
      case 'read embeddings':
        return { ...readEmbeddingsRequest(task.body), outputs: undefined, isBinaryByDefault: false };
    }
  } catch (caught) {
    return ServingError.from(caught).refusal;
  }
}

/** Runs a writing task. */
export function write(task: WriteTask, writeHead?: HeadWriter): EncodedAnswer | Refusal {
  try {
    if (task.kind === 'write infer') return writeOipAnswer(task.head, task.parts, writeHead);
    const body =
      task.kind === 'write embeddings'
        ? writeEmbeddingsAnswer(task.outputs, task.form)
        : task.kind === 'write generate'
          ? writeGenerateAnswer(task.head, task.outputs)
          : writePredictAnswer(task.outputs, task.hasBatchAxis, task.layout);
    if (isRefusal(body)) return body;
    return { contentType: 'application/json', jsonBytes: undefined, chunks: [body] };
  } catch (caught) {
    return ServingError.from(caught).refusal;
  }
}
