/**
 * The datatypes of the Open Inference Protocol with their width in bytes. BYTES has no fixed width: each element is a
 * 4-byte little-endian length and that many bytes.
 */
export const DATATYPES = {
  BOOL: { bytes: 1, kind: 'bool' },
  UINT8: { bytes: 1, kind: 'integer', min: 0, max: 0xff },
  UINT16: { bytes: 2, kind: 'integer', min: 0, max: 0xffff },
  UINT32: { bytes: 4, kind: 'integer', min: 0, max: 0xffffffff },
  UINT64: { bytes: 8, kind: 'bigint', min: 0n, max: 0xffffffffffffffffn },
  INT8: { bytes: 1, kind: 'integer', min: -0x80, max: 0x7f },
  INT16: { bytes: 2, kind: 'integer', min: -0x8000, max: 0x7fff },
  INT32: { bytes: 4, kind: 'integer', min: -0x80000000, max: 0x7fffffff },
  INT64: { bytes: 8, kind: 'bigint', min: -0x8000000000000000n, max: 0x7fffffffffffffffn },
  FP16: { bytes: 2, kind: 'half' },
  BF16: { bytes: 2, kind: 'half' },
  FP32: { bytes: 4, kind: 'float' },
  FP64: { bytes: 8, kind: 'float' },
  BYTES: { bytes: 0, kind: 'bytes' },
} as const satisfies Record<string, DatatypeFacts>;

interface DatatypeFacts {
  readonly bytes: number;
  /** `half` is a 16-bit float; `bigint` is an integer that exceeds the exact range of a double. */
  readonly kind: 'bool' | 'integer' | 'bigint' | 'half' | 'float' | 'bytes';
  readonly min?: number | bigint;
  readonly max?: number | bigint;
}

export type Datatype = keyof typeof DATATYPES;

export const DATATYPE_NAMES = Object.keys(DATATYPES) as Datatype[];

export function isDatatype(name: unknown): name is Datatype {
  return typeof name === 'string' && Object.hasOwn(DATATYPES, name);
}

/** Bytes per element; 0 for BYTES, whose elements differ. */
export function elementBytes(datatype: Datatype): number {
  return DATATYPES[datatype].bytes;
}
