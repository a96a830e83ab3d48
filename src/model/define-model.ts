import { OperatorError } from '../base/errors.ts';
import { DATATYPE_NAMES, type Datatype, isDatatype } from '../tensor/datatype.ts';
import type { ArrayOf, TensorArray } from '../tensor/tensor.ts';
import type { Parameters } from './inference.ts';
import type { Infer } from './model-call.ts';

/** The declaration of a tensor of a module model. With `shape[0] === -1` in all of them, requests can share a batch. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 means any size. */
  readonly shape: readonly number[];
}

/** An input tensor of `predict`. */
export interface ModelInput {
  readonly shape: readonly number[];
  /** A typed array of the datatype: 16-bit patterns for FP16 and BF16, 0 and 1 for BOOL. One Uint8Array per element for BYTES. */
  readonly data: TensorArray | readonly Uint8Array[];
}

/**
 * An output tensor of `predict`: a typed array of the datatype, or plain numbers, which are also converted to FP16 and
 * BF16. BYTES elements may also be strings.
 */
export interface ModelOutput {
  readonly shape: readonly number[];
  readonly data: TensorArray | readonly (number | bigint | boolean)[] | readonly (Uint8Array | string)[];
}

/** The argument of `load`. */
export interface LoadContext {
  /** The folder of the model file, for example to find weights beside it. */
  readonly directory: string;
  /** The setting `threads` of the model. */
  readonly threads: number;
  /** The setting `device` of the model, such as `cpu`. */
  readonly device: string;
}

/** The argument of `predict` that describes the batch. */
export interface PredictContext {
  /** Rows of this batch. */
  readonly rows: number;
  /** The request parameters, which are equal for all requests of a batch. */
  readonly parameters: Parameters;
  /**
   * Fails one row (counted from 0): its caller gets a 500 with the message, the other rows are answered. `predict` must
   * still return an output of any content for the row. Throws a RangeError for a row that the batch does not have.
   */
  refuseRow(row: number, message: string): void;
  /** As `refuseRow`, where the request is at fault: its caller gets a 400. */
  refuseInput(row: number, message: string): void;
  /** Asks another model of the server, as part of the requests of this batch. */
  readonly infer: Infer;
}

/** The argument of `predictStream` that describes the request. */
export interface StreamContext {
  readonly rows: number;
  readonly parameters: Parameters;
  /** Aborted when the caller has disconnected or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Asks another model of the server, as part of the request. */
  readonly infer: Infer;
}

/**
 * A model in JavaScript that answers batches. It runs in a separate thread of a replica process, so a long computation
 * does not block the process.
 */
export interface ModelDefinition {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Models that `predict` and `predictStream` ask: an unknown one is an error when the model is loaded, and it is ready only while they are. */
  readonly uses?: readonly string[];
  /** Called once per replica process before the first batch; the result is passed to `predict`. */
  load?(context: LoadContext): unknown;
  /**
   * Returns every output by name, with as many rows as the inputs. An exception fails the batch. May be omitted beside
   * `predictStream`.
   */
  predict?(
    inputs: Readonly<Record<string, ModelInput>>,
    state: unknown,
    context: PredictContext,
  ): Record<string, ModelOutput> | Promise<Record<string, ModelOutput>>;
  /**
   * Answers one request in parts, each with every output, which go to its caller as they are made. `return()` of the
   * iterator is called when the caller has gone.
   */
  predictStream?(
    inputs: Readonly<Record<string, ModelInput>>,
    state: unknown,
    context: StreamContext,
  ): AsyncIterable<Record<string, ModelOutput>>;
  /**
   * Requests that the model accepts, each of one or more rows. Warmup and readiness checks run them instead of generated
   * inputs, unless the setting `warmup.sample` names others. An input that all of them leave out is generated.
   */
  readonly samples?: readonly Readonly<Record<string, ModelOutput>>[];
  /**
   * Asked at every readiness check: `true`, or `false` or the reason as text when the replica must not get requests. An
   * exception counts as its message.
   */
  healthy?(state: unknown): boolean | string | Promise<boolean | string>;
  /** The device that computes the model; default `cpu`. A replica does not serve on another device than the setting. */
  device?(state: unknown): string;
  /** Called when the replica shuts down normally. */
  unload?(state: unknown): unknown;
}

type ReadDataOf<D extends Datatype> = D extends 'BYTES' ? readonly Uint8Array[] : ArrayOf[D];

/** An element of a plain array. */
type ElementOf<D extends Datatype> = D extends 'BYTES'
  ? Uint8Array | string
  : D extends 'INT64' | 'UINT64'
    ? number | bigint
    : D extends 'BOOL'
      ? boolean | number
      : number;

type WrittenDataOf<D extends Datatype> = (D extends 'BYTES' ? never : ArrayOf[D]) | readonly ElementOf<D>[];

type ReadBy<Specs extends readonly TensorSpec[]> = {
  readonly [Spec in Specs[number] as Spec['name']]: {
    readonly shape: readonly number[];
    readonly data: ReadDataOf<Spec['datatype']>;
  };
};

type WrittenBy<Specs extends readonly TensorSpec[]> = {
  readonly [Spec in Specs[number] as Spec['name']]: {
    readonly shape: readonly number[];
    readonly data: WrittenDataOf<Spec['datatype']>;
  };
};

/** A definition whose functions are typed by the declared tensors and by what `load` returns. */
interface TypedDefinition<In extends readonly TensorSpec[], Out extends readonly TensorSpec[], State> {
  readonly inputs: In;
  readonly outputs: Out;
  readonly uses?: readonly string[];
  load?(context: LoadContext): State | Promise<State>;
  predict?(
    inputs: ReadBy<In>,
    state: State,
    context: PredictContext,
  ): WrittenBy<Out> | Promise<WrittenBy<Out>>;
  predictStream?(inputs: ReadBy<In>, state: State, context: StreamContext): AsyncIterable<WrittenBy<Out>>;
  readonly samples?: readonly Partial<WrittenBy<In>>[];
  healthy?(state: State): boolean | string | Promise<boolean | string>;
  device?(state: State): string;
  unload?(state: State): void | Promise<void>;
}

/** A model with its declared tensors, by which its callers are typed. */
export interface DefinedModel<In extends readonly TensorSpec[], Out extends readonly TensorSpec[]>
  extends ModelDefinition {
  readonly inputs: In;
  readonly outputs: Out;
}
/** A definition has at least one of the two. */
type Answering = { readonly predict: unknown } | { readonly predictStream: unknown };

/**
 * Declares a module model, as the default export of its file. It returns its argument unchanged; its types let the
 * compiler check that `predict` reads the declared inputs and writes the declared outputs, each with data of its
 * datatype. Write `load` before `predict`, so that the compiler knows the type of the state.
 */
export function defineModel<
  const In extends readonly TensorSpec[],
  const Out extends readonly TensorSpec[],
  State = undefined,
>(definition: TypedDefinition<In, Out, State> & Answering): DefinedModel<In, Out> {
  return definition as unknown as DefinedModel<In, Out>;
}

/** Checks that the default export of a file is a model; throws an OperatorError with the problem. */
export function checkModelDefinition(file: string, exported: unknown): ModelDefinition {
  const problem = problemOf(exported);
  if (problem === undefined) return exported as ModelDefinition;
  throw new OperatorError(
    `${file}: ${problem}; wanted defineModel({inputs, outputs, predict}) as default export`,
  );
}

function problemOf(exported: unknown): string | undefined {
  if (typeof exported !== 'object' || exported === null) return `the default export is ${typeof exported}`;
  const candidate = exported as Partial<Record<keyof ModelDefinition, unknown>>;
  if (candidate.predict === undefined && candidate.predictStream === undefined) {
    return "the function 'predict' is missing";
  }
  for (const side of ['inputs', 'outputs'] as const) {
    const specs = candidate[side];
    if (!Array.isArray(specs)) return `'${side}' is not an array of tensor declarations`;
    for (const spec of specs as readonly Partial<TensorSpec>[]) {
      if (typeof spec?.name !== 'string' || spec.name === '') return `a tensor in '${side}' has no name`;
      if (!isDatatype(spec.datatype)) {
        return `'${spec.name}' has datatype '${spec.datatype}', wanted one of ${DATATYPE_NAMES.join(', ')}`;
      }
      if (!Array.isArray(spec.shape) || !spec.shape.every((size) => Number.isInteger(size) && size >= -1)) {
        return `the shape of '${spec.name}' is not an array of whole numbers (-1 for any size)`;
      }
    }
  }
  for (const name of ['load', 'predict', 'predictStream', 'healthy', 'device', 'unload'] as const) {
    if (candidate[name] !== undefined && typeof candidate[name] !== 'function')
      return `'${name}' is not a function`;
  }
  const { samples = [], uses = [] } = candidate;
  const areObjects =
    Array.isArray(samples) && samples.every((each) => typeof each === 'object' && each !== null);
  if (!areObjects) return "'samples' is not an array of inputs by name";
  return Array.isArray(uses) && uses.every((name) => typeof name === 'string')
    ? undefined
    : "'uses' is not an array of model names";
}
