import type { Encoding } from './encoding.ts';

/**
 * The inputs of a model made from texts: one row per text, of one length. A type, not an interface, so that it can be
 * passed on as inputs by name.
 */
export type TokenTensors = {
  readonly input_ids: TokenTensor;
  /** 1 for tokens, 0 for padding. */
  readonly attention_mask: TokenTensor;
  /** To which text of a pair each token belongs. */
  readonly token_type_ids: TokenTensor;
};

/** An INT64 input of a model. */
export interface TokenTensor {
  readonly shape: readonly [rows: number, length: number];
  readonly data: BigInt64Array;
}

/** What fills the rows of shorter texts. */
export interface Padding {
  readonly id: number;
  readonly type: number;
  readonly side: 'left' | 'right';
}

/** Makes rows of one length. `padding` is called only if rows are shorter. */
export function tokenTensors(
  rows: readonly Encoding[],
  length: number,
  paddingOf: () => Padding,
): TokenTensors {
  const size = rows.length * length;
  const [ids, mask, types] = [new BigInt64Array(size), new BigInt64Array(size), new BigInt64Array(size)];
  rows.forEach((row, index) => {
    let start = index * length;
    const missing = length - row.ids.length;
    if (missing > 0) {
      const { id, type, side } = paddingOf();
      ids.fill(BigInt(id), start, start + length);
      types.fill(BigInt(type), start, start + length);
      if (side === 'left') start += missing;
    }
    row.ids.forEach((id, at) => {
      ids[start + at] = BigInt(id);
      mask[start + at] = 1n;
      types[start + at] = BigInt(row.types[at] ?? 0);
    });
  });
  const shape = [rows.length, length] as const;
  return {
    input_ids: { shape, data: ids },
    attention_mask: { shape, data: mask },
    token_type_ids: { shape, data: types },
  };
}
