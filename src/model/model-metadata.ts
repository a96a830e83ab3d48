import type { Datatype } from '../tensor/datatype.ts';

/** Name, datatype and shape of an input or output. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** Outermost axis first; -1 means any size. */
  readonly shape: readonly number[];
  /** The names of the dynamic axes in the model, one per axis; null for an axis without a name. */
  readonly axisNames?: readonly (string | null)[];
  /** The number of axes is, or may be, dynamic: the runtime checks the shape. */
  readonly anyRank?: true;
}

/** An input that the model itself brings for warmup, of one or more rows. */
export interface SampleTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Its payload. */
  readonly base64: string;
}

/** The metadata of a loaded version. */
export interface ModelMetadata {
  /** The platform in the terms of the protocol: `onnxruntime_onnx` or `galley_module`. */
  readonly platform: string;
  /** The device that computes it, as far as the runtime reports it; undefined means the CPU. */
  readonly device?: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Whether the model reads request parameters; then only requests with equal parameters share a batch. */
  readonly readsParameters: boolean;
  /** Models that it declares to call. */
  readonly uses?: readonly string[];
  /** The part of the model that certainly makes the rows of a batch dependent; undefined where none is known. */
  readonly rowsDependOn?: string;
  /** An input that the model accepts; inputs that it leaves out are generated. */
  readonly sample?: readonly SampleTensor[];
  /** The model can answer a request in parts. */
  readonly answersInParts?: boolean;
  /** The model can tell whether it is healthy; then every readiness check asks it. */
  readonly tellsHealth?: true;
  /** Identifies the contents of the files it was loaded from; see `artefactOf`. */
  readonly artefact?: string;
  /** The file has changed meanwhile, and this model was loaded from the kept copy of the original. */
  readonly isRestored?: true;
}

/** The reason why the inputs have no common batch axis; undefined when they have one. */
export function whyNoBatchAxis({ inputs }: Pick<ModelMetadata, 'inputs'>): string | undefined {
  if (inputs.length === 0) return 'the model has no inputs';
  const fixed = inputs.find(({ shape }) => shape[0] !== -1);
  if (fixed !== undefined) return `input '${fixed.name}' has no dynamic first axis`;
  const named = inputs.filter(({ axisNames }) => typeof axisNames?.[0] === 'string');
  const [first] = named;
  const other = named.find(({ axisNames }) => axisNames?.[0] !== first?.axisNames?.[0]);
  if (first === undefined || other === undefined) return undefined;
  return (
    `the first axis of input '${first.name}' is named '${first.axisNames?.[0]}', ` +
    `the first axis of '${other.name}' is named '${other.axisNames?.[0]}'`
  );
}
