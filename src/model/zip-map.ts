import {
  type ByteSource,
  bytesField,
  type Field,
  fieldsOf,
  inMemory,
  int64sOf,
  numberField,
  textOf,
} from './protobuf.ts';

/**
 * The node that exporters add after a classifier. It converts the tensor of probabilities to a list of dictionaries from
 * class to probability, one per row. Its input tensor has the same information and can be served.
 */
export interface ZipMap {
  readonly input: string;
  readonly output: string;
  /** The class of each column of the tensor. */
  readonly classes: readonly string[];
}

const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { integers: 8, texts: 9 } as const;
const VALUE = { name: 1, type: 2 } as const;
/** Field numbers: type → tensor → (element type, shape → dimension → size). */
const TYPE = { tensor: 1, elementType: 1, shape: 2, dimension: 1, size: 1 } as const;
const FLOAT = 1;

/** The ZipMap nodes of a graph whose result is only used as an output of the graph. */
export function zipMapsIn(source: ByteSource, graph: readonly Field[]): ZipMap[] {
  const nodes = graph.filter(({ number }) => number === GRAPH.node).map((node) => readNode(source, node));
  const outputs = graph
    .filter(({ number }) => number === GRAPH.output)
    .map((value) => textAt(source, value, VALUE.name));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return nodes.flatMap(({ inputs: [input], outputs: [output], isZipMap, classes }) => {
    if (!isZipMap || input === undefined || output === undefined) return [];
    const isMade = outputs.includes(output) && !used.has(output);
    return isMade && classes.length > 0 ? [{ input, output, classes }] : [];
  });
}

function readNode(source: ByteSource, node: Field) {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let [opType, domain] = ['', ''];
  for (const field of fieldsOf(source, node.from, node.to)) {
    if (field.number === NODE.input) inputs.push(textOf(source, field));
    else if (field.number === NODE.output) outputs.push(textOf(source, field));
    else if (field.number === NODE.opType) opType = textOf(source, field);
    else if (field.number === NODE.domain) domain = textOf(source, field);
  }
  const isZipMap = opType === 'ZipMap' && domain === 'ai.onnx.ml';
  return { inputs, outputs, isZipMap, classes: isZipMap ? labelsOf(source, node) : [] };
}

function labelsOf(source: ByteSource, node: Field): string[] {
  return [...fieldsOf(source, node.from, node.to)]
    .filter(({ number }) => number === NODE.attribute)
    .flatMap((attribute) => [...fieldsOf(source, attribute.from, attribute.to)])
    .flatMap((field) => {
      if (field.number === ATTRIBUTE.integers) return int64sOf(source, field).map(String);
      return field.number === ATTRIBUTE.texts ? [textOf(source, field)] : [];
    });
}

/**
 * The same model without its ZipMap nodes: each list of dictionaries becomes a tensor with one row per dictionary and
 * one column per class, in the order of the classes. Only ZipMap nodes that make an output of the model are removed.
 */
export function withoutZipMaps(model: Uint8Array): Uint8Array {
  const source = inMemory(model);
  return Buffer.concat(
    [...fieldsOf(source)].map((field) =>
      field.number === MODEL.graph
        ? bytesField(MODEL.graph, ...graphWithout(source, field))
        : copyOf(source, field),
    ),
  );
}

function graphWithout(source: ByteSource, graph: Field): Uint8Array[] {
  const fields = [...fieldsOf(source, graph.from, graph.to)];
  const classesOf = new Map(zipMapsIn(source, fields).map(({ output, classes }) => [output, classes.length]));
  return fields.map((field) => {
    if (field.number === GRAPH.node && classesOf.has(textAt(source, field, NODE.output))) {
      return identityFor(source, field);
    }
    const name = field.number === GRAPH.output ? textAt(source, field, VALUE.name) : '';
    const classes = classesOf.get(name);
    return classes === undefined ? copyOf(source, field) : tensorOutput(name, classes);
  });
}

function identityFor(source: ByteSource, node: Field): Uint8Array {
  const kept: number[] = [NODE.input, NODE.output, NODE.name];
  const fields = [...fieldsOf(source, node.from, node.to)].filter(({ number }) => kept.includes(number));
  return bytesField(
    GRAPH.node,
    ...fields.map((field) => copyOf(source, field)),
    bytesField(NODE.opType, Buffer.from('Identity')),
  );
}

function tensorOutput(name: string, classes: number): Uint8Array {
  // An empty dimension means any size.
  const dimensions = [
    bytesField(TYPE.dimension),
    bytesField(TYPE.dimension, numberField(TYPE.size, classes)),
  ];
  const tensor = bytesField(
    TYPE.tensor,
    numberField(TYPE.elementType, FLOAT),
    bytesField(TYPE.shape, ...dimensions),
  );
  return bytesField(GRAPH.output, bytesField(VALUE.name, Buffer.from(name)), bytesField(VALUE.type, tensor));
}

/** The first text with a field number in a message; empty when there is none. */
function textAt(source: ByteSource, message: Field, number: number): string {
  for (const field of fieldsOf(source, message.from, message.to)) {
    if (field.number === number) return textOf(source, field);
  }
  return '';
}

function copyOf(source: ByteSource, { start, to }: Field): Uint8Array {
  return source.read(start, to);
}
