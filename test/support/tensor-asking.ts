import type { Datatype } from '../../src/tensor/datatype.ts';

/** A tensor in the binary form of the protocol. */
export interface PlainTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The answer: tensors, or the status and message of a refusal. */
export type TensorAnswer =
  | { readonly outputs: readonly PlainTensor[] }
  | { readonly status: number; readonly error: string };

interface Head {
  readonly error?: string;
  readonly outputs?: readonly {
    readonly name: string;
    readonly datatype: Datatype;
    readonly shape: readonly number[];
    readonly parameters?: { readonly binary_data_size?: number };
  }[];
}

/** Sends and requests binary data: no number is converted to text. */
export async function askBinary(
  url: string,
  model: string,
  inputs: readonly PlainTensor[],
): Promise<TensorAnswer> {
  const head = JSON.stringify({
    parameters: { binary_data_output: true },
    inputs: inputs.map(({ bytes, ...tensor }) => ({
      ...tensor,
      parameters: { binary_data_size: bytes.byteLength },
    })),
  });
  const headers = { 'inference-header-content-length': String(Buffer.byteLength(head)) };
  return askFor(url, model, Buffer.concat([Buffer.from(head), ...inputs.map(({ bytes }) => bytes)]), headers);
}

/** Sends the inputs as JSON text and requests binary data. */
export async function askText(url: string, model: string, inputs: string): Promise<TensorAnswer> {
  return askFor(url, model, `{"parameters":{"binary_data_output":true},"inputs":${inputs}}`, {});
}

async function askFor(
  url: string,
  model: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Promise<TensorAnswer> {
  const response = await fetch(`${url}/v2/models/${encodeURIComponent(model)}/infer`, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(60_000),
  });
  const whole = new Uint8Array(await response.arrayBuffer());
  const headBytes = Number(response.headers.get('inference-header-content-length') ?? whole.byteLength);
  const head = parse(whole.subarray(0, headBytes));
  if (response.status !== 200) return { status: response.status, error: head.error ?? '' };
  let offset = headBytes;
  const outputs = (head.outputs ?? []).map(({ name, datatype, shape, parameters }) => {
    const bytes = whole.slice(offset, offset + (parameters?.binary_data_size ?? 0));
    offset += bytes.byteLength;
    return { name, datatype, shape, bytes };
  });
  return { outputs };
}

function parse(head: Uint8Array): Head {
  const text = Buffer.from(head).toString();
  try {
    return JSON.parse(text) as Head;
  } catch {
    return { error: `no JSON: ${text.slice(0, 200)}` };
  }
}
