import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip, deflate } from 'node:zlib';
import type { Clock } from '../base/clock.ts';
import { isRefusal, type Refusal } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import type { Answer } from '../model/inference.ts';
import type { VersionInService } from '../fleet/version-in-service.ts';
import type { Segments } from '../tensor/segments.ts';
import { Entry } from '../work/entry.ts';
import { readBody } from './body.ts';
import type { Codec } from './codec.ts';
import type { ReadTask, WriteTask } from './codec-task.ts';
import { negotiateEncoding } from './content-encoding.ts';
import type { Admission, Door } from './door.ts';
import type { OipRequest } from './oip-request.ts';
import { answerParts, checkOutputs, type EncodedAnswer } from './oip-response.ts';
import { refuseEarly, sendRefusal } from './reply.ts';

/** Which of the two forms a request comes in. */
export type Form = 'infer' | 'predict';

/** A request that was turned away before it was admitted. */
export interface RefusedRequest {
  readonly version: VersionInService | undefined;
  readonly refusal: Refusal;
}

/** Answers below this are not worth compressing: it costs a trip through another thread. */
const COMPRESS_FROM_BYTES = 1024;

/** Takes an inference request from its headers to the last byte of its answer. */
export class InferenceHandler {
  /** Requests that never became an entry of their version. */
  readonly refused = new Event<RefusedRequest>();
  readonly #clock: Clock;
  readonly #door: Door;
  readonly #codec: Codec;

  constructor(clock: Clock, door: Door, codec: Codec) {
    this.#clock = clock;
    this.#door = door;
    this.#codec = codec;
  }

  handle(req: IncomingMessage, res: ServerResponse, form: Form, model: string, version: string | undefined): void {
    const admission = this.#door.decide(req.headers, model, version);
    if (isRefusal(admission)) {
      this.refused.emit({ version: undefined, refusal: admission });
      refuseEarly(this.#clock, req, res, admission);
      return;
    }
    // Whatever becomes of the request, its bytes are given back when the answer is out or the client gone.
    res.on('close', () => admission.reservation.release());
    readBody(req, admission, (body) => {
      if (isRefusal(body)) {
        this.refused.emit({ version: admission.version, refusal: body });
        refuseEarly(this.#clock, req, res, body);
      } else {
        this.#read(req, res, form, admission, body);
      }
    });
  }

  #read(req: IncomingMessage, res: ServerResponse, form: Form, admission: Admission, body: Segments): void {
    const task = readTask(form, admission, body);
    this.#codec.read(task, (read) => {
      if (isRefusal(read)) this.#refuse(res, admission.version, read);
      else this.#submit(req, res, form, admission.version, read);
    });
  }

  #submit(
    req: IncomingMessage,
    res: ServerResponse,
    form: Form,
    version: VersionInService,
    { request, outputs, isBinaryByDefault }: OipRequest,
  ): void {
    if (res.destroyed) return;
    const { metadata } = version;
    const wrong = outputs && metadata && checkOutputs(version.spec.model, metadata, outputs);
    if (wrong !== undefined) {
      this.#refuse(res, version, wrong);
      return;
    }
    const entry = version.submit(request, (outcome) => {
      if (isRefusal(outcome)) {
        sendRefusal(res, outcome);
        return;
      }
      const task = writeTask(form, version, request.id, outcome, { outputs, isBinaryByDefault });
      this.#codec.write(task, (answer) => {
        if (isRefusal(answer)) sendRefusal(res, answer);
        else send(req, res, answer);
      });
    });
    if (!(entry instanceof Entry)) {
      this.#refuse(res, version, entry);
      return;
    }
    res.on('close', () => {
      if (!res.writableFinished) version.cancel(entry);
    });
  }

  #refuse(res: ServerResponse, version: VersionInService, refusal: Refusal): void {
    this.refused.emit({ version, refusal });
    sendRefusal(res, refusal);
  }
}

function readTask(form: Form, { version, jsonBytes }: Admission, body: Segments): ReadTask {
  const { model } = version.spec;
  const { metadata, hasBatchAxis } = version;
  if (metadata === undefined) throw new Error(`${version.name} was admitted before it was loaded`);
  if (form === 'predict') return { kind: 'read predict', model, metadata, hasBatchAxis, body };
  if (jsonBytes === 0) return { kind: 'read raw', model, metadata, body };
  return { kind: 'read infer', model, body, jsonBytes };
}

function writeTask(
  form: Form,
  { spec: { model, version }, hasBatchAxis }: VersionInService,
  id: string,
  answer: Answer,
  wanted: Pick<OipRequest, 'outputs' | 'isBinaryByDefault'>,
): WriteTask {
  if (form === 'predict') return { kind: 'write predict', outputs: answer.outputs, hasBatchAxis };
  const parts = answerParts(answer.outputs, wanted.outputs, wanted.isBinaryByDefault);
  return { kind: 'write infer', head: { id, model, version }, parts };
}

function send(req: IncomingMessage, res: ServerResponse, answer: EncodedAnswer): void {
  const { chunks } = answer;
  let byteLength = 0;
  for (const chunk of chunks) byteLength += chunk.byteLength;
  const acceptable = req.headers['accept-encoding'];
  const encoding =
    acceptable === undefined || byteLength < COMPRESS_FROM_BYTES ? 'identity' : negotiateEncoding(acceptable);
  if (encoding === 'identity') {
    sendChunks(res, answer, chunks, byteLength);
    return;
  }
  const compress = encoding === 'gzip' ? gzip : deflate;
  compress(Buffer.concat(chunks), (error, compressed) => {
    if (error !== null) {
      sendChunks(res, answer, chunks, byteLength);
      return;
    }
    res.setHeader('content-encoding', encoding);
    sendChunks(res, answer, [compressed], compressed.byteLength);
  });
}

/** One write for small answers; larger ones leave in their pieces, uncopied. */
const JOIN_BELOW_BYTES = 16 * 1024;

function sendChunks(
  res: ServerResponse,
  { contentType, jsonBytes }: EncodedAnswer,
  chunks: readonly Uint8Array[],
  byteLength: number,
): void {
  if (res.destroyed) return;
  const headers: Record<string, string | number> = { 'content-type': contentType, 'content-length': byteLength };
  if (jsonBytes !== undefined) headers['inference-header-content-length'] = jsonBytes;
  res.writeHead(200, headers);
  const [first] = chunks;
  if (chunks.length === 1) res.end(first);
  else if (byteLength < JOIN_BELOW_BYTES) res.end(Buffer.concat(chunks, byteLength));
  else {
    res.cork();
    for (const chunk of chunks) res.write(chunk);
    res.end();
    res.uncork();
  }
}
