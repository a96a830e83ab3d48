import type { Datatype } from '../tensor/datatype.ts';

/** What a model takes or gives under one name. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** Outermost axis first; -1 stands for any size. */
  readonly shape: readonly number[];
  /** The model's own names of the axes it leaves open, one an axis; null where an axis has none. */
  readonly axisNames?: readonly (string | null)[];
  /** The model leaves even the number of axes open, or may do so: any shape is left to the runtime. */
  readonly anyRank?: true;
}

/** What a version says of itself once it is loaded. */
export interface ModelMetadata {
  /** What executes it, as the protocol names platforms: `onnxruntime_onnx` or `galley_module`. */
  readonly platform: string;
  /** What computes it, as far as the runtime can tell; undefined is the processor. */
  readonly device?: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /** Whether the model reads request parameters: then only requests with equal ones share a batch. */
  readonly readsParameters: boolean;
  /** What in the model makes the rows of a batch depend on each other for certain; undefined where nothing is known to. */
  readonly rowsDependOn?: string;
  /** Stands for the contents of the files it was loaded from: another one is another model. */
  readonly artefact?: string;
  /** The file holds another model by now: this is the one that was loaded first, from what was kept of it. */
  readonly isRestored?: true;
}

/** Why the inputs have no axis in common along which rows could be counted; undefined when they have one. */
export function whyNoBatchAxis({ inputs }: Pick<ModelMetadata, 'inputs'>): string | undefined {
  if (inputs.length === 0) return 'the model takes no inputs';
  const fixed = inputs.find(({ shape }) => shape[0] !== -1);
  if (fixed !== undefined) return `input '${fixed.name}' has no open first axis`;
  const named = inputs.filter(({ axisNames }) => typeof axisNames?.[0] === 'string');
  const [first] = named;
  const other = named.find(({ axisNames }) => axisNames?.[0] !== first?.axisNames?.[0]);
  if (first === undefined || other === undefined) return undefined;
  return (
    `the first axis of input '${first.name}' is named '${first.axisNames?.[0]}', ` +
    `that of '${other.name}' '${other.axisNames?.[0]}'`
  );
}
