import type { Parameters } from '../model/inference.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import { decodeBytesElements, encodeBytesElements } from '../tensor/bytes-elements.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { flatten, type Segments, segmentsOf, sliceSegments } from '../tensor/segments.ts';
import { allocateArray, bytesOf, type TensorArray, typedArrayOf } from '../tensor/tensor.ts';

/** A tensor to send. */
export interface InferInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** A typed array of the datatype, or plain numbers; for BYTES texts or bytes. */
  readonly data: TensorArray | readonly (number | bigint | boolean)[] | readonly (string | Uint8Array)[];
}

/** A tensor that came back. */
export interface InferOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorArray | readonly Uint8Array[];
}

export interface InferOptions {
  /** Default: the highest version that is ready. */
  readonly version?: string;
  /** The caller's own, echoed in the result. */
  readonly id?: string;
  /** Outputs to return; default all. */
  readonly outputs?: readonly string[];
  readonly parameters?: Parameters;
  readonly signal?: AbortSignal;
}

export interface InferResult {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly outputs: readonly InferOutput[];
}

/** What a model says of itself. */
export interface ModelDescription {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** The server said no: its words, the HTTP status and the stable reason code. */
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

interface WireOutput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly parameters: { readonly binary_data_size: number };
}

interface WireAnswer {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly WireOutput[];
}

/** Talks the Open Inference Protocol to a server, tensors as raw bytes in both directions. */
export class GalleyClient {
  readonly #url: string;

  /** `url` for instance `http://127.0.0.1:8000`. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.#url}/v2/health/ready`);
    await response.arrayBuffer();
    return response.ok;
  }

  /** Throws a RefusedError when there is no such model, or it is not loaded yet. */
  async describe(model: string, version?: string): Promise<ModelDescription> {
    const response = await fetch(this.#modelUrl(model, version));
    await checkAccepted(response);
    return (await response.json()) as ModelDescription;
  }

  /** Throws a RefusedError with the server's words when it says no. */
  async infer(
    model: string,
    inputs: readonly InferInput[],
    options: InferOptions = {},
  ): Promise<InferResult> {
    const payloads = inputs.map(payloadOf);
    const head = Buffer.from(JSON.stringify(requestHead(inputs, payloads, options)));
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
    const body = segmentsOf(new Uint8Array(await response.arrayBuffer()));
    const headBytes = Number(response.headers.get('inference-header-content-length') ?? body.byteLength);
    return readAnswer(body, headBytes);
  }

  /** Posts a body as it is, for whoever has one ready; returns the answer's JSON. */
  async inferBody(model: string, version: string | undefined, body: Uint8Array): Promise<unknown> {
    const response = await fetch(`${this.#modelUrl(model, version)}/infer`, { method: 'POST', body });
    await checkAccepted(response);
    return response.json();
  }

  #modelUrl(model: string, version: string | undefined): string {
    const base = `${this.#url}/v2/models/${encodeURIComponent(model)}`;
    return version === undefined ? base : `${base}/versions/${encodeURIComponent(version)}`;
  }
}

function payloadOf({ datatype, data }: InferInput): Segments {
  if (ArrayBuffer.isView(data)) return bytesOf(data);
  if (datatype !== 'BYTES') {
    const array = allocateArray(datatype, data.length);
    for (const [index, value] of data.entries()) array[index] = value as never;
    return bytesOf(array);
  }
  return encodeBytesElements(
    Array.from(data as readonly (string | Uint8Array)[], (element) =>
      typeof element === 'string' ? Buffer.from(element) : element,
    ),
  );
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

function readAnswer(body: Segments, headBytes: number): InferResult {
  const text = Buffer.from(flatten(sliceSegments(body, 0, headBytes))).toString('utf8');
  const answer = JSON.parse(text) as WireAnswer;
  let at = headBytes;
  const outputs = answer.outputs.map(({ name, datatype, shape, parameters }) => {
    const data = sliceSegments(body, at, at + parameters.binary_data_size);
    at += parameters.binary_data_size;
    return {
      name,
      datatype,
      shape,
      data: datatype === 'BYTES' ? decodeBytesElements(data) : typedArrayOf(datatype, data),
    };
  });
  return { model: answer.model_name, version: answer.model_version, id: answer.id, outputs };
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
