import { isUtf8 } from 'node:buffer';
import ort, { type InferenceSession } from 'onnxruntime-node';
import type { ModelMetadata, TensorMetadata } from '../model/model-metadata.ts';
import { decodeBytesElements, encodeBytesElements } from '../tensor/bytes-elements.ts';
import type { Datatype } from '../tensor/datatype.ts';
import { bytesOf, type Tensor, typedArrayOf } from '../tensor/tensor.ts';
import { whyNotOpened } from './onnx-failure.ts';
import { servedOutputs } from './onnx-outputs.ts';
import { type OnnxSource, onnxSource } from './onnx-source.ts';
import type { Runtime, RuntimeSpec } from './runtime.ts';

const DATATYPE_OF: Partial<Record<ort.Tensor.Type, Datatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};
const TYPE_OF = Object.fromEntries(
  Object.entries(DATATYPE_OF).map(([type, datatype]) => [datatype, type]),
) as Partial<Record<Datatype, ort.Tensor.Type>>;

/** Errors only: what a model has to say below that would be repeated with every load. */
const LOG_ERRORS = 3;

/** Opens an ONNX model. Throws what the runtime says when the file cannot be read as one. */
export async function loadOnnx({ file, threads, device }: RuntimeSpec): Promise<Runtime> {
  const source = onnxSource(file);
  const session = await openSession(file, source, {
    // Without a second choice: a model that was to run on a GPU must not run on the processor unnoticed.
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: LOG_ERRORS,
    // Waiting threads must sleep: spinning ones burn a core that other replicas need.
    extra: {
      session: { ...source.extra, intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } },
    },
  });
  const { outputs, warnings } = servedOutputs(session.outputMetadata, source.file, canCarry);
  // A line of the replica: the log has it under the model's name.
  for (const warning of [...source.warnings, ...warnings]) console.warn(warning);
  return new OnnxRuntime(session, outputs, device, source.file?.opTypes);
}

async function openSession(
  path: string,
  { model, file }: OnnxSource,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    // One call for each: the two are overloads.
    return await (typeof model === 'string'
      ? ort.InferenceSession.create(model, options)
      : ort.InferenceSession.create(model, options));
  } catch (caught) {
    throw whyNotOpened(path, file, caught);
  }
}

class OnnxRuntime implements Runtime {
  readonly metadata: ModelMetadata;
  readonly #session: InferenceSession;

  constructor(
    session: InferenceSession,
    outputs: readonly InferenceSession.ValueMetadata[],
    device: string,
    opTypes: ReadonlySet<string> = new Set(),
  ) {
    const rowsDependOn = crossRowOperator(opTypes);
    this.#session = session;
    this.metadata = {
      platform: 'onnxruntime_onnx',
      device,
      inputs: session.inputMetadata.map(describe),
      outputs: outputs.map(describe),
      readsParameters: false,
      ...(rowsDependOn === undefined ? {} : { rowsDependOn }),
    };
  }

  unfitRows(inputs: readonly Tensor[], rows: number): Map<number, string> {
    const unfit = new Map<number, string>();
    for (const { name, datatype, data } of inputs) {
      if (datatype !== 'BYTES') continue;
      const elements = decodeBytesElements(data);
      const perRow = Math.max(1, elements.length / rows);
      for (const [index, element] of elements.entries()) {
        const problem = textProblem(element);
        const row = Math.min(rows - 1, Math.floor(index / perRow));
        if (problem !== undefined && !unfit.has(row)) {
          unfit.set(row, `input '${name}': element ${index - Math.floor(row * perRow)} ${problem}`);
        }
      }
    }
    return unfit;
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of inputs) feeds[input.name] = toOnnx(input);
    // Named, so that outputs which cannot be carried are not fetched.
    const results = await this.#session.run(
      feeds,
      this.metadata.outputs.map(({ name }) => name),
    );
    return this.metadata.outputs.map(({ name, datatype }) =>
      fromOnnx(name, datatype, results[name] as ort.Tensor),
    );
  }

  async unload(): Promise<void> {
    await this.#session.release();
  }
}

/** What scales numbers by the largest in the whole batch: the rows of all callers have a part in it. */
function crossRowOperator(opTypes: ReadonlySet<string>): string | undefined {
  for (const opType of opTypes) {
    const name = opType.slice(opType.indexOf(':') + 1);
    if (name.startsWith('DynamicQuantize')) {
      return `the model is quantized dynamically (${name}), so that all rows of a batch are scaled by the largest number in it`;
    }
  }
  return undefined;
}

function canCarry(value: InferenceSession.ValueMetadata): boolean {
  return value.isTensor && DATATYPE_OF[value.type] !== undefined;
}

function describe(value: InferenceSession.ValueMetadata): TensorMetadata {
  const datatype = value.isTensor ? DATATYPE_OF[value.type] : undefined;
  if (!value.isTensor || datatype === undefined) {
    throw new Error(
      `input '${value.name}' is ${value.isTensor ? `a tensor of ${value.type}` : 'no tensor'}, which the protocol cannot carry; take it as a tensor of another datatype in the export`,
    );
  }
  // A size the model leaves open has a name there, or none; to the protocol it is -1. A rank that is left open comes as
  // that of a scalar.
  const axisNames = value.shape.map((size) => (typeof size === 'string' && size !== '' ? size : null));
  return {
    name: value.name,
    datatype,
    shape: value.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1)),
    ...(axisNames.some((name) => name !== null) ? { axisNames } : {}),
    ...(value.shape.length === 0 ? { anyRank: true as const } : {}),
  };
}

/** Why bytes are no text to the runtime, which would change them without a word. */
function textProblem(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return 'holds a NUL character, which ONNX models cannot take';
  return isUtf8(bytes) ? undefined : 'is no UTF-8 text, and ONNX models take nothing else';
}

function toOnnx(tensor: Tensor): ort.Tensor {
  const type = TYPE_OF[tensor.datatype];
  if (type === undefined) throw new Error(`ONNX models take no ${tensor.datatype}`);
  if (tensor.datatype === 'BYTES') {
    const strings = decodeBytesElements(tensor.data).map((element) => Buffer.from(element).toString('utf8'));
    return new ort.Tensor('string', strings, tensor.shape);
  }
  const data = typedArrayOf(tensor.datatype, tensor.data);
  return new ort.Tensor(type, data as Float32Array, tensor.shape);
}

function fromOnnx(name: string, datatype: Datatype, value: ort.Tensor): Tensor {
  const data =
    datatype === 'BYTES'
      ? encodeBytesElements((value.data as string[]).map((text) => Buffer.from(text)))
      : bytesOf(value.data as Float32Array);
  return { name, datatype, shape: value.dims, data };
}
