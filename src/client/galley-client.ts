import type { Parameters } from '../model/inference.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { encodeInput, type InputData } from '../tensor/encode-input.ts';
import { writeExactJson } from '../tensor/exact-json.ts';
import { type Segments, segmentsOf } from '../tensor/segments.ts';
import { type InferResult, readAnswer, readAnswerJson } from './read-answer.ts';

/** An input tensor. */
export interface InferInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /**
   * A typed array of the datatype (16-bit patterns for FP16 and BF16), or another typed array or plain numbers, which are
   * converted, or refused when the datatype cannot represent them. For BYTES, texts or bytes.
   */
  readonly data: InputData;
}

export interface InferOptions {
  /** Default: the highest ready version. */
  readonly version?: string;
  /** Returned in the result. */
  readonly id?: string;
  /** Names of the outputs to return; default: all. */
  readonly outputs?: readonly string[];
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
}

/** The metadata of a model. */
export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** A refusal of the server, with its message, the HTTP status and the stable reason code. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;
  readonly reason: string | undefined;

  constructor(status: number, message: string, reason: string | undefined) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** A client of the Open Inference Protocol that sends and receives tensors as raw bytes. */
export class GalleyClient {
  readonly #url: string;

  /** `url`: for example `http://127.0.0.1:8000`. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.#url}/v2/health/ready`);
    await response.arrayBuffer();
    return response.ok;
  }

  /** Throws a RefusedError when the model does not exist or is not loaded yet. */
  async describe(model: string, version?: string): Promise<ModelDescription> {
    const response = await fetch(this.#modelUrl(model, version));
    await checkAccepted(response);
    return readAnswerJson(await bodyOf(response)) as ModelDescription;
  }

  /**
   * Throws a RefusedError when the server refuses the request, a RangeError for data that the datatype cannot represent,
   * and an UnreadableAnswerError for an invalid answer.
   */
  async infer(
    model: string,
    inputs: readonly InferInput[],
    options: InferOptions = {},
  ): Promise<InferResult> {
    const payloads = inputs.map(({ name, datatype, data }) => encodeInput(name, datatype, data));
    const head = Buffer.from(writeExactJson(requestHead(inputs, payloads, options)));
    const response = await fetch(`${this.#modelUrl(model, options.version)}/infer`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(head.byteLength),
      },
      body: Buffer.concat([head, ...payloads.flatMap((payload) => payload.chunks)]),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    await checkAccepted(response);
    const body = await bodyOf(response);
    const headBytes = Number(response.headers.get('inference-header-content-length') ?? body.byteLength);
    return readAnswer(body, headBytes);
  }

  /** Posts an encoded body; returns the JSON of the answer, with integers beyond 2^53 as BigInt. */
  async inferBody(model: string, version: string | undefined, body: Uint8Array): Promise<unknown> {
    const response = await fetch(`${this.#modelUrl(model, version)}/infer`, { method: 'POST', body });
    await checkAccepted(response);
    return readAnswerJson(await bodyOf(response));
  }

  #modelUrl(model: string, version: string | undefined): string {
    const base = `${this.#url}/v2/models/${encodeURIComponent(model)}`;
    return version === undefined ? base : `${base}/versions/${encodeURIComponent(version)}`;
  }
}

function requestHead(
  inputs: readonly InferInput[],
  payloads: readonly Segments[],
  options: InferOptions,
): object {
  const { id, outputs, parameters } = options;
  return {
    ...(id === undefined ? {} : { id }),
    parameters: { ...parameters, binary_data_output: true },
    inputs: inputs.map(({ name, datatype, shape }, index) => ({
      name,
      datatype,
      shape,
      parameters: { binary_data_size: payloads[index]?.byteLength },
    })),
    ...(outputs === undefined
      ? {}
      : { outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
  };
}

async function bodyOf(response: Response): Promise<Segments> {
  return segmentsOf(new Uint8Array(await response.arrayBuffer()));
}

async function checkAccepted(response: Response): Promise<void> {
  if (response.ok) return;
  const text = await response.text();
  try {
    const { error, reason } = JSON.parse(text) as { error?: string; reason?: string };
    throw new RefusedError(response.status, error ?? text, reason);
  } catch (caught) {
    if (caught instanceof RefusedError) throw caught;
    throw new RefusedError(response.status, text || response.statusText, undefined);
  }
}
