/** Datatypes by their Open Inference Protocol names, with the numbers of ONNX's `TensorProto.DataType`. */
export const DATATYPE_NUMBERS = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
} as const;

type OnnxDatatype = keyof typeof DATATYPE_NUMBERS;

/** An input or output of the graph; a dimension given as a string, such as `batch`, is symbolic. */
export interface OnnxValue {
  readonly name: string;
  readonly datatype: OnnxDatatype;
  readonly dims: readonly (number | string)[];
}

/** Constant numbers of the model: weights, or the shape for Reshape. */
export interface OnnxConstant {
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array | Int8Array;
}

export interface OnnxInitializer extends OnnxConstant {
  readonly name: string;
}

/** The key is the ONNX attribute type, because 1 may be an int or a float. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] };

export interface OnnxNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A model as plain data, with the nodes in topological order. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
}

/**
 * Encodes the graph as an ONNX file. The field numbers below are those of
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
 */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const irVersion = 8;
  const operatorSetVersion = 17;
  return message(
    integer(1, irVersion),
    text(2, 'galley'),
    bytes(7, graphProto(graph)),
    bytes(8, integer(2, operatorSetVersion)),
  );
}

function graphProto(graph: OnnxGraph): Uint8Array {
  return message(
    ...graph.nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, graph.name),
    ...graph.initializers.map((initializer) => bytes(5, tensorProto(initializer))),
    ...graph.inputs.map((value) => bytes(11, valueInfoProto(value))),
    ...graph.outputs.map((value) => bytes(12, valueInfoProto(value))),
  );
}

function nodeProto(node: OnnxNode): Uint8Array {
  return message(
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.opType),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => bytes(5, attributeProto(name, value))),
  );
}

function attributeProto(name: string, attribute: OnnxAttribute): Uint8Array {
  const nameAndType = (type: number) => message(text(1, name), integer(20, type));
  if ('float' in attribute) return message(nameAndType(1), float(2, attribute.float));
  if ('int' in attribute) return message(nameAndType(2), integer(3, attribute.int));
  return message(nameAndType(7), ...attribute.ints.map((value) => integer(8, value)));
}

function tensorProto({ name, shape, values }: OnnxInitializer): Uint8Array {
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (count !== values.length) {
    throw new Error(
      `initializer '${name}' has ${values.length} values, wanted ${count} for the shape [${shape}]`,
    );
  }
  const datatype = values instanceof Float32Array ? 'FP32' : values instanceof Int8Array ? 'INT8' : 'INT64';
  return message(
    ...shape.map((dim) => integer(1, dim)),
    integer(2, DATATYPE_NUMBERS[datatype]),
    text(8, name),
    // ONNX requires little-endian numbers, which all machines of Node 20 but s390x use.
    bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
}

function valueInfoProto({ name, datatype, dims }: OnnxValue): Uint8Array {
  const shape = message(
    ...dims.map((dim) => bytes(1, typeof dim === 'string' ? text(2, dim) : integer(1, dim))),
  );
  const tensorType = message(integer(1, DATATYPE_NUMBERS[datatype]), bytes(2, shape));
  return message(text(1, name), bytes(2, bytes(1, tensorType)));
}

/** A protobuf message is the concatenation of its fields. */
function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

function integer(field: number, value: number): Uint8Array {
  return message(tag(field, 0), varint(BigInt.asUintN(64, BigInt(value))));
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return message(tag(field, 2), varint(BigInt(value.byteLength)), value);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, Buffer.from(value));
}

function float(field: number, value: number): Uint8Array {
  const encoded = Buffer.alloc(4);
  encoded.writeFloatLE(value);
  return message(tag(field, 5), encoded);
}

function tag(field: number, wireType: number): Uint8Array {
  return varint(BigInt((field << 3) | wireType));
}

/** Seven bits per byte, lowest first; the high bit means that more bytes follow. */
function varint(value: bigint): Uint8Array {
  const encoded: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) encoded.push(Number(rest & 0x7fn) | 0x80);
  encoded.push(Number(rest));
  return Uint8Array.from(encoded);
}
