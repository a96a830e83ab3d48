import { isUtf8 } from 'node:buffer';
import ort, { type InferenceSession, listSupportedBackends } from 'onnxruntime-node';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import { decodeBytesElements, encodeBytesElements } from '../../tensor/bytes-elements.ts';
import type { Datatype } from '../../tensor/datatype.ts';
import { bytesOf, type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import { crossRowOperator } from '../contract/cross-row-operator.ts';
import type { OnnxOptions, Runtime, RuntimeSpec } from '../contract/runtime.ts';
import { unfitTexts } from '../contract/unfit-texts.ts';
import { openOnDevice } from './onnx-device.ts';
import { whyNotOpened } from './onnx-failure.ts';
import { servedOutputs } from './onnx-outputs.ts';
import { onnxSource } from './onnx-source.ts';
import { datatypeOf, typeOf } from './onnx-types.ts';
import { OperatorProfile } from './operator-profile.ts';

/** Errors only, because warnings about a model would be repeated with every load. */
const LOG_ERRORS = 3;

/** Opens an ONNX model on its device. Throws the runtime's message when it cannot. */
export async function loadOnnx(spec: RuntimeSpec): Promise<Runtime> {
  const { file, bytes, threads, onnx } = spec;
  const source = onnxSource(file, bytes);
  let profile: OperatorProfile | undefined;
  const { session, device, warning } = await openOnDevice(spec, {
    providers: listSupportedBackends().map(({ name }) => name),
    open: async ({ executionProviders, session: configuration, isProfiled }) => {
      profile?.remove();
      profile = isProfiled === true ? new OperatorProfile() : undefined;
      return openSession(source.model, {
        ...profile?.options,
        executionProviders: executionProviders as InferenceSession.ExecutionProviderConfig[],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        logSeverityLevel: LOG_ERRORS,
        ...(onnx === undefined ? {} : sessionOptions(onnx)),
        extra: {
          session: {
            ...{ ...source.extra, ...configuration },
            // Idle threads must sleep, because spinning occupies a core that other replicas need.
            ...{ intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } },
          },
        },
      });
    },
    countOperators: async (open) => profile?.count(open),
  }).catch((caught: unknown) => {
    profile?.remove();
    throw whyNotOpened(spec, source.file, caught);
  });
  const { outputs, warnings } = servedOutputs(session.outputMetadata, source.file, canCarry);
  // Written to stderr of the replica, so that the log shows it with the model's name.
  for (const each of [...(warning === undefined ? [] : [warning]), ...source.warnings, ...warnings]) {
    console.warn(each);
  }
  const rowsDependOn = crossRowOperator(source.file?.opTypes ?? []);
  return new OnnxRuntime(session, {
    platform: 'onnxruntime_onnx',
    device,
    inputs: session.inputMetadata.map(describe),
    outputs: outputs.map(describe),
    readsParameters: false,
    ...(rowsDependOn === undefined ? {} : { rowsDependOn }),
  });
}

function sessionOptions({ graphOptimization, memoryArena, memoryPattern }: OnnxOptions) {
  return {
    graphOptimizationLevel: graphOptimization,
    enableCpuMemArena: memoryArena,
    enableMemPattern: memoryPattern,
  };
}

async function openSession(
  model: string | Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  // Two calls, because the overloads do not accept the union.
  return typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options);
}

class OnnxRuntime implements Runtime {
  readonly metadata: ModelMetadata;
  readonly #session: InferenceSession;

  constructor(session: InferenceSession, metadata: ModelMetadata) {
    this.#session = session;
    this.metadata = metadata;
  }

  unfitRows(inputs: readonly Tensor[], rows: number): Map<number, string> {
    return unfitTexts(inputs, rows, textProblem);
  }

  async run(inputs: readonly Tensor[]): Promise<Tensor[]> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of inputs) feeds[input.name] = toOnnx(input);
    // Named, so that outputs that are not served are not fetched.
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

function canCarry(value: InferenceSession.ValueMetadata): boolean {
  return value.isTensor && datatypeOf(value.type) !== undefined;
}

function describe(value: InferenceSession.ValueMetadata): TensorMetadata {
  const datatype = value.isTensor ? datatypeOf(value.type) : undefined;
  if (!value.isTensor || datatype === undefined) {
    throw new Error(
      `input '${value.name}' is ${value.isTensor ? `a tensor of ${value.type}` : 'not a tensor'}, which the protocol cannot carry; export it as a tensor of a supported datatype`,
    );
  }
  // A size the model leaves open is a name or empty there; the protocol uses -1. A rank that is left open is reported
  // as that of a scalar.
  const axisNames = value.shape.map((size) => (typeof size === 'string' && size !== '' ? size : null));
  return {
    name: value.name,
    datatype,
    shape: value.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1)),
    ...(axisNames.some((name) => name !== null) ? { axisNames } : {}),
    ...(value.shape.length === 0 ? { anyRank: true as const } : {}),
  };
}

/** Why bytes are not valid text for the runtime, which would change them silently. */
function textProblem(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return 'contains a NUL character, which ONNX models do not accept';
  return isUtf8(bytes) ? undefined : 'is not UTF-8 text, which ONNX models require';
}

function toOnnx(tensor: Tensor): ort.Tensor {
  const type = typeOf(tensor.datatype);
  if (type === undefined) throw new Error(`ONNX models do not accept ${tensor.datatype}`);
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
