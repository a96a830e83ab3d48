import type { CallInput, CallOutput } from '../../model/model-call.ts';
import { decodeBytesElements } from '../../tensor/bytes-elements.ts';
import { DATATYPE_NAMES, type Datatype, isDatatype } from '../../tensor/datatype.ts';
import { elementCount, type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import { encodeData } from '../contract/encode-output.ts';

/** The datatype of each typed array; of those of 16 bits, halves must be named. */
const DATATYPES: Readonly<Record<string, Datatype>> = {
  Uint8Array: 'UINT8',
  Uint16Array: 'UINT16',
  Uint32Array: 'UINT32',
  BigUint64Array: 'UINT64',
  Int8Array: 'INT8',
  Int16Array: 'INT16',
  Int32Array: 'INT32',
  BigInt64Array: 'INT64',
  Float32Array: 'FP32',
  Float64Array: 'FP64',
};

/** The inputs of a call as tensors; throws an error that names the input that is none. */
export function inputsOfCall(model: string, inputs: Readonly<Record<string, CallInput>>): Tensor[] {
  return Object.entries(inputs).map(([name, input]) => {
    const what = `input '${name}' of the call of '${model}'`;
    const { shape, data } = (input ?? {}) as Partial<CallInput>;
    if (data === undefined || !Array.isArray(shape)) throw new TypeError(`${what} is not {shape, data}`);
    const count = elementCount(shape as readonly number[]);
    if (data.length !== count) {
      throw new RangeError(
        `${what} has ${data.length} elements; its shape [${shape.join(',')}] requires ${count}`,
      );
    }
    const datatype = input.datatype ?? datatypeOf(what, data);
    if (!isDatatype(datatype)) {
      throw new TypeError(
        `${what} has datatype '${String(datatype)}', wanted one of ${DATATYPE_NAMES.join(', ')}`,
      );
    }
    return {
      name,
      datatype,
      shape: [...(shape as readonly number[])],
      data: encodeData(what, datatype, data),
    };
  });
}

/** The answer to a call as `predict` gets it. */
export function outputsOfCall(outputs: readonly Tensor[]): Record<string, CallOutput> {
  return Object.fromEntries(
    outputs.map(({ name, datatype, shape, data }) => {
      const values = datatype === 'BYTES' ? decodeBytesElements(data) : typedArrayOf(datatype, data);
      return [name, { datatype, shape, data: values }];
    }),
  );
}

function datatypeOf(what: string, data: CallInput['data']): Datatype {
  if (ArrayBuffer.isView(data)) {
    const datatype = DATATYPES[data.constructor.name];
    if (datatype !== undefined) return datatype;
  }
  const [first] = data;
  if (typeof first === 'string' || first instanceof Uint8Array) return 'BYTES';
  if (typeof first === 'boolean') return 'BOOL';
  throw new TypeError(`${what} is a plain array of numbers: give its datatype, or a typed array`);
}
