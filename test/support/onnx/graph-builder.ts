import {
  DATATYPE_NUMBERS,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
  writeOnnx,
} from '../../../tools/onnx-writer.ts';

export type ElementType = OnnxValue['datatype'];

/** A fixed size, or one of the two that a request decides. */
export type Size = number | typeof ROWS | typeof LENGTH;
/** The number of rows of a request. */
export const ROWS = 'rows' as const;
/** The length of its sequences. */
export const LENGTH = 'length' as const;

/** The result of a node, with the properties that later steps need. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Size[];
  /**
   * Whether the same row gives the same bits in any batch. A matrix product may add up in another order when there are
   * more rows; discontinuous steps (a comparison, an integer) must not use them, or a right answer looks wrong.
   */
  readonly isExact: boolean;
}

export type Result = Omit<Value, 'name'>;

/** Collects the nodes of a graph; names are numbered in order of creation. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];
  #names = 0;

  /** Names of the operators so far. */
  get operators(): readonly string[] {
    return this.#nodes.map(({ opType }) => opType);
  }

  /** `dims` are as declared: a name, a number, or '' for a size without a name. */
  input(value: Value, dims: readonly (number | string)[]): Value {
    this.#inputs.push({ name: value.name, datatype: value.type, dims });
    return value;
  }

  output(name: string, value: Value, dims: readonly (number | string)[]): void {
    this.#nodes.push({ opType: 'Identity', inputs: [value.name], outputs: [name] });
    this.#outputs.push({ name, datatype: value.type, dims });
  }

  node(
    opType: string,
    inputs: readonly (Value | undefined)[],
    result: Result,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): Value {
    return this.nodes(opType, inputs, [result], attributes)[0] as Value;
  }

  /** An operator with several results; an undefined one is not requested. */
  nodes(
    opType: string,
    inputs: readonly (Value | undefined)[],
    results: readonly (Result | undefined)[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): (Value | undefined)[] {
    const values = results.map((result) => result && { ...result, name: this.#name() });
    const names = (list: readonly (Value | undefined)[]) => list.map((value) => value?.name ?? '');
    this.#nodes.push({ opType, inputs: names(inputs), outputs: names(values), attributes });
    return values;
  }

  /** Constants of the model. Only floats and INT64 are written; other datatypes are cast from floats. */
  constant(type: ElementType, shape: readonly number[], numbers: readonly number[]): Value {
    const written = type === 'INT64' ? 'INT64' : 'FP32';
    const values = written === 'INT64' ? BigInt64Array.from(numbers, BigInt) : Float32Array.from(numbers);
    const value: Value = { name: this.#name(), type: written, shape, isExact: true };
    this.#initializers.push({ name: value.name, shape, values });
    return type === written ? value : this.cast(value, type);
  }

  scalar(type: ElementType, number: number): Value {
    return this.constant(type, [], [number]);
  }

  integers(...numbers: readonly number[]): Value {
    return this.constant('INT64', [numbers.length], numbers);
  }

  cast(value: Value, type: ElementType): Value {
    if (value.type === type) return value;
    return this.node('Cast', [value], { ...value, type }, { to: { int: DATATYPE_NUMBERS[type] } });
  }

  /** The number of rows, as a list of one number. */
  rowsOf(value: Value): Value {
    const shape = this.node('Shape', [value], { type: 'INT64', shape: [value.shape.length], isExact: true });
    return this.node('Gather', [shape, this.integers(0)], { type: 'INT64', shape: [1], isExact: true });
  }

  write(): Uint8Array {
    return writeOnnx(this.graph());
  }

  graph(): OnnxGraph {
    return {
      name: 'random',
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  #name(): string {
    this.#names += 1;
    return `v${this.#names}`;
  }
}
