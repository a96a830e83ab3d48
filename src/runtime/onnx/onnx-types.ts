import type ort from 'onnxruntime-node';
import type { Datatype } from '../../tensor/datatype.ts';

const DATATYPE_OF: Partial<Record<ort.Tensor.Type, Datatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};
const TYPE_OF = Object.fromEntries(
  Object.entries(DATATYPE_OF).map(([type, datatype]) => [datatype, type]),
) as Partial<Record<Datatype, ort.Tensor.Type>>;

/** The datatype of the protocol for a type of ONNX Runtime; undefined where it has none. */
export function datatypeOf(type: ort.Tensor.Type): Datatype | undefined {
  return DATATYPE_OF[type];
}

/** The reverse. */
export function typeOf(datatype: Datatype): ort.Tensor.Type | undefined {
  return TYPE_OF[datatype];
}
