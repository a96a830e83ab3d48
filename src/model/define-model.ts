import { OperatorError } from '../base/errors.ts';
import { DATATYPE_NAMES, type Datatype, isDatatype } from '../tensor/datatype.ts';
import type { ArrayOf, TensorArray } from '../tensor/tensor.ts';
import type { Parameters } from './inference.ts';

/** How a module model declares a tensor. `shape[0] === -1` on all of them lets requests share a batch. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 stands for any size. */
  readonly shape: readonly number[];
}

/** A tensor as a module model reads it. */
export interface ModelInput {
  readonly shape: readonly number[];
  /** A typed array of the datatype; 16-bit patterns for FP16 and BF16, 0 and 1 for BOOL, one Uint8Array an element for BYTES. */
  readonly data: TensorArray | readonly Uint8Array[];
}

/**
 * A tensor as a module model writes it: the typed array of the datatype, or plain numbers, which FP16 and BF16 are made
 * of too. BYTES elements may also be strings.
 */
export interface ModelOutput {
  readonly shape: readonly number[];
  readonly data: TensorArray | readonly (number | bigint | boolean)[] | readonly (Uint8Array | string)[];
}

/** What a module model is told when it is loaded. */
export interface LoadContext {
  /** The folder that holds the model file: weights beside it are found from here. */
  readonly directory: string;
  /** Threads that the settings grant this replica. */
  readonly threads: number;
  /** What the settings want it computed by, such as `cpu`. */
  readonly device: string;
}

/** What a module model is told beside its inputs. */
export interface PredictContext {
  /** Rows in this batch. */
  readonly rows: number;
  /** The request parameters; all requests of a batch have the same. */
  readonly parameters: Parameters;
  /**
   * Fails one row (counted from 0) with a message for its caller, 500; the other rows are answered. `predict` must
   * still give an output for it, whatever it holds.
   */
  refuseRow(row: number, message: string): void;
}

/**
 * A model in JavaScript: batch in, batch out. It runs in a thread of its own inside a replica process, so it
 * may compute as long as it likes.
 */
export interface ModelDefinition {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Called once per replica before the first batch; what it returns is handed to `predict`. */
  load?(context: LoadContext): unknown;
  /** Answers a batch: every output by name, with as many rows as went in. Throwing fails the batch. */
  predict(
    inputs: Readonly<Record<string, ModelInput>>,
    state: unknown,
    context: PredictContext,
  ): Record<string, ModelOutput> | Promise<Record<string, ModelOutput>>;
  /** What really computes it; default `cpu`. A replica on another device than the settings want does not serve. */
  device?(state: unknown): string;
  /** Called when the replica ends in good order. */
  unload?(state: unknown): unknown;
}

type DataOf<D extends Datatype> = D extends 'BYTES' ? readonly Uint8Array[] : ArrayOf[D];

type InputsOf<Specs extends readonly TensorSpec[]> = {
  readonly [Spec in Specs[number] as Spec['name']]: ModelInput & { readonly data: DataOf<Spec['datatype']> };
};

type OutputsOf<Specs extends readonly TensorSpec[]> = {
  readonly [Spec in Specs[number] as Spec['name']]: ModelOutput;
};

/** A definition whose `predict` knows the declared tensors by name and type. */
interface TypedDefinition<In extends readonly TensorSpec[], Out extends readonly TensorSpec[], State> {
  readonly inputs: In;
  readonly outputs: Out;
  load?(context: LoadContext): State | Promise<State>;
  predict(
    inputs: InputsOf<In>,
    state: State,
    context: PredictContext,
  ): OutputsOf<Out> | Promise<OutputsOf<Out>>;
  device?(state: State): string;
  unload?(state: State): void | Promise<void>;
}

/**
 * Declares a module model: what the file exports by default. It changes nothing; it makes the compiler check
 * that `predict` reads the inputs and writes the outputs that are declared.
 */
export function defineModel<
  const In extends readonly TensorSpec[],
  const Out extends readonly TensorSpec[],
  State = undefined,
>(definition: TypedDefinition<In, Out, State>): ModelDefinition {
  return definition as unknown as ModelDefinition;
}

/** Makes sure that what a file exports is a model; throws an OperatorError that says what is missing. */
export function checkModelDefinition(file: string, exported: unknown): ModelDefinition {
  const problem = problemOf(exported);
  if (problem === undefined) return exported as ModelDefinition;
  throw new OperatorError(
    `${file}: ${problem}; its default export must be defineModel({inputs, outputs, predict})`,
  );
}

function problemOf(exported: unknown): string | undefined {
  if (typeof exported !== 'object' || exported === null) return `the default export is ${typeof exported}`;
  const candidate = exported as Partial<Record<keyof ModelDefinition, unknown>>;
  if (typeof candidate.predict !== 'function') return "there is no function 'predict'";
  for (const side of ['inputs', 'outputs'] as const) {
    const specs = candidate[side];
    if (!Array.isArray(specs)) return `'${side}' is no array of tensor declarations`;
    for (const spec of specs as readonly Partial<TensorSpec>[]) {
      if (typeof spec?.name !== 'string' || spec.name === '') return `a tensor in '${side}' has no name`;
      if (!isDatatype(spec.datatype)) {
        return `'${spec.name}' has datatype '${spec.datatype}', wanted one of ${DATATYPE_NAMES.join(', ')}`;
      }
      if (!Array.isArray(spec.shape) || !spec.shape.every((size) => Number.isInteger(size) && size >= -1)) {
        return `the shape of '${spec.name}' is no array of whole numbers, -1 for any size`;
      }
    }
  }
  return undefined;
}
