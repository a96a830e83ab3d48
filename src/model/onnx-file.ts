import { withFileBytes } from './file-bytes.ts';
import { type ByteSource, type Field, fieldsOf, inMemory, textOf } from './protobuf.ts';
import { type ZipMap, zipMapsIn } from './zip-map.ts';

/** The types of ONNX values. */
export type ValueKind = 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse tensor' | 'of no known kind';

export interface OnnxValue {
  readonly name: string;
  readonly kind: ValueKind;
}

/** The facts of an ONNX file that can be read without loading it. Weights are not read. */
export interface OnnxFile {
  /** All operators, those of functions and subgraphs included: `MatMul`, or `ai.onnx.ml:ZipMap` for other domains. */
  readonly opTypes: ReadonlySet<string>;
  /** External weight files: the distinct locations as stored in the file. */
  readonly externalFiles: readonly string[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** The ZipMap nodes whose result is an output of the model. */
  readonly zipMaps: readonly ZipMap[];
}

const MODEL = { graph: 7, trainingInfo: 20, functions: 25 } as const;
const TRAINING = { initialization: 1, algorithm: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
const FUNCTION = { node: 7 } as const;
const NODE = { opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = {
  tensor: 5,
  graph: 6,
  tensors: 10,
  graphs: 11,
  sparseTensor: 22,
  sparseTensors: 23,
} as const;
const SPARSE = { values: 1, indices: 2 } as const;
const TENSOR = { externalData: 13 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE = { name: 1, type: 2 } as const;
const KINDS: Readonly<Record<number, ValueKind>> = {
  1: 'tensor',
  4: 'sequence',
  5: 'map',
  8: 'sparse tensor',
  9: 'optional',
};
/** The nesting limit of Protobuf. */
const DEEPEST = 100;

/** Reads the facts of an ONNX file, given by its path or its contents; undefined when it cannot be read as one. */
export function readOnnxFile(file: string | Uint8Array): OnnxFile | undefined {
  try {
    if (typeof file !== 'string') return new Walk(inMemory(file)).model();
    return withFileBytes(file, (source) => new Walk(source).model());
  } catch {
    // The runtime, which reads the whole file, reports the problem.
    return undefined;
  }
}

/** One traversal of the messages of a model. */
class Walk {
  readonly #source: ByteSource;
  readonly #opTypes = new Set<string>();
  readonly #externalFiles = new Set<string>();
  #depth = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  model(): OnnxFile | undefined {
    let graph: Field | undefined;
    for (const field of fieldsOf(this.#source)) {
      if (field.number === MODEL.graph && field.isBytes) {
        graph = field;
        this.#graph(field);
      } else if (field.number === MODEL.functions) this.#each(field, { [FUNCTION.node]: this.#node });
      else if (field.number === MODEL.trainingInfo) {
        this.#each(field, { [TRAINING.initialization]: this.#graph, [TRAINING.algorithm]: this.#graph });
      }
    }
    if (graph === undefined) return undefined;
    const inGraph = [...fieldsOf(this.#source, graph.from, graph.to)];
    const valuesAt = (number: number) =>
      inGraph.filter((field) => field.number === number).map((field) => onnxValue(this.#source, field));
    return {
      opTypes: this.#opTypes,
      externalFiles: [...this.#externalFiles],
      inputs: valuesAt(GRAPH.input),
      outputs: valuesAt(GRAPH.output),
      zipMaps: zipMapsIn(this.#source, inGraph),
    };
  }

  readonly #graph = (graph: Field): void => {
    this.#each(graph, {
      [GRAPH.node]: this.#node,
      [GRAPH.initializer]: this.#tensor,
      [GRAPH.sparseInitializer]: this.#sparse,
    });
  };

  readonly #node = (node: Field): void => {
    let [opType, domain] = ['', ''];
    for (const field of fieldsOf(this.#source, node.from, node.to)) {
      if (field.number === NODE.opType) opType = textOf(this.#source, field);
      else if (field.number === NODE.domain) domain = textOf(this.#source, field);
      else if (field.number === NODE.attribute) this.#attribute(field);
    }
    this.#opTypes.add(domain === '' || domain === 'ai.onnx' ? opType : `${domain}:${opType}`);
  };

  #attribute(attribute: Field): void {
    this.#each(attribute, {
      [ATTRIBUTE.tensor]: this.#tensor,
      [ATTRIBUTE.tensors]: this.#tensor,
      [ATTRIBUTE.graph]: this.#graph,
      [ATTRIBUTE.graphs]: this.#graph,
      [ATTRIBUTE.sparseTensor]: this.#sparse,
      [ATTRIBUTE.sparseTensors]: this.#sparse,
    });
  }

  readonly #sparse = (tensor: Field): void => {
    this.#each(tensor, { [SPARSE.values]: this.#tensor, [SPARSE.indices]: this.#tensor });
  };

  readonly #tensor = (tensor: Field): void => {
    this.#each(tensor, { [TENSOR.externalData]: this.#externalData });
  };

  readonly #externalData = (entry: Field): void => {
    let [key, value] = ['', ''];
    for (const field of fieldsOf(this.#source, entry.from, entry.to)) {
      if (field.number === ENTRY.key) key = textOf(this.#source, field);
      else if (field.number === ENTRY.value) value = textOf(this.#source, field);
    }
    if (key === 'location' && value !== '') this.#externalFiles.add(value);
  };

  #each(message: Field, visits: Readonly<Record<number, (field: Field) => void>>): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Error('messages are nested too deeply');
    for (const field of fieldsOf(this.#source, message.from, message.to)) {
      if (field.isBytes) visits[field.number]?.(field);
    }
    this.#depth -= 1;
  }
}

function onnxValue(source: ByteSource, value: Field): OnnxValue {
  let name = '';
  let kind: ValueKind = 'of no known kind';
  for (const field of fieldsOf(source, value.from, value.to)) {
    if (field.number === VALUE.name) name = textOf(source, field);
    if (field.number !== VALUE.type) continue;
    for (const { number } of fieldsOf(source, field.from, field.to)) kind = KINDS[number] ?? kind;
  }
  return { name, kind };
}
