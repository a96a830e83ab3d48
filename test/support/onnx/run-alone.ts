import ort from 'onnxruntime-node';
import { encodeBytesElements } from '../../../src/tensor/bytes-elements.ts';
import type { Datatype } from '../../../src/tensor/datatype.ts';
import { flatten, segmentsOf } from '../../../src/tensor/segments.ts';
import { typedArrayOf } from '../../../src/tensor/tensor.ts';
import { elementsOf } from '../numbers-of.ts';
import type { PlainTensor } from '../tensor-asking.ts';

const TYPES: Readonly<Record<Exclude<Datatype, 'BF16'>, ort.Tensor.Type>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
};
const FATAL_ONLY = 4;

/** A model in onnxruntime itself, without a server: the reference for right answers. */
export class LoneModel {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  static async load(bytes: Uint8Array): Promise<LoneModel> {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: FATAL_ONLY } as const;
    return new LoneModel(await ort.InferenceSession.create(bytes, options));
  }

  async run(inputs: readonly PlainTensor[]): Promise<PlainTensor[]> {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, toOnnx(input)]));
    const results = await this.#session.run(feeds);
    return this.#session.outputNames.map((name) => fromOnnx(name, results[name] as ort.Tensor));
  }

  async end(): Promise<void> {
    await this.#session.release();
  }
}

function toOnnx(tensor: PlainTensor): ort.Tensor {
  const { datatype, shape, bytes } = tensor;
  const type = TYPES[datatype as keyof typeof TYPES];
  if (datatype === 'BYTES') return new ort.Tensor('string', elementsOf(tensor) as string[], shape);
  return new ort.Tensor(type, typedArrayOf(datatype, segmentsOf(bytes)) as Float32Array, shape);
}

function fromOnnx(name: string, value: ort.Tensor): PlainTensor {
  const datatype = Object.keys(TYPES).find((each) => TYPES[each as keyof typeof TYPES] === value.type);
  if (datatype === undefined) throw new Error(`'${name}' is ${value.type}`);
  if (datatype === 'BYTES') {
    const texts = (value.data as string[]).map((text) => Buffer.from(text));
    return { name, datatype, shape: value.dims, bytes: flatten(encodeBytesElements(texts)) };
  }
  const { buffer, byteOffset, byteLength } = value.data as Float32Array<ArrayBuffer>;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength).slice();
  return { name, datatype: datatype as Datatype, shape: value.dims, bytes };
}
