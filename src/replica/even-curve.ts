/** How a curve may bend. */
export interface Bending {
  /** Up to this knot sizes have been seen. */
  readonly last: number;
  /** By knot: how many times more a row above it may cost than one below it. */
  readonly rises: Float64Array;
}

/** Room for the pieces of a curve, which has at most as many as it has knots. */
const blockFirsts = new Uint8Array(32);
const blockRows = new Float64Array(32);
const blockSlopes = new Float64Array(32);

/**
 * Makes the cost of a row fall with the size, or rise no more than allowed. `knotsMs` has the times of 1, 2, 4, 8 … rows;
 * where the cost rises, the pieces on both sides get their common mean, as isotonic regression does. Changes the array.
 */
export function evenOut(knotsMs: Float64Array, { last, rises }: Bending): void {
  let blocks = 0;
  for (let knot = 0; knot < last; knot++) {
    let rows = 2 ** knot;
    let slope = ((knotsMs[knot + 1] as number) - (knotsMs[knot] as number)) / rows;
    let first = knot;
    while (blocks > 0 && slope > (rises[first] as number) * (blockSlopes[blocks - 1] as number)) {
      blocks -= 1;
      const before = blockRows[blocks] as number;
      slope = (slope * rows + (blockSlopes[blocks] as number) * before) / (rows + before);
      rows += before;
      first = blockFirsts[blocks] as number;
    }
    blockFirsts[blocks] = first;
    blockRows[blocks] = rows;
    blockSlopes[blocks] = slope;
    blocks += 1;
  }
  let [block, left] = [0, blockRows[0] as number];
  for (let knot = 0; knot < last; knot++) {
    knotsMs[knot + 1] = (knotsMs[knot] as number) + (blockSlopes[block] as number) * 2 ** knot;
    left -= 2 ** knot;
    if (left > 0) continue;
    block += 1;
    left = blockRows[block] as number;
  }
}

/** Allows the curve the rises that a careful measurement shows. */
export function measureRises(
  rises: Float64Array,
  shape: readonly { readonly rows: number; readonly ms: number }[],
): void {
  for (let index = 2; index < shape.length; index++) {
    const [a, b, c] = [shape[index - 2], shape[index - 1], shape[index]];
    if (a === undefined || b === undefined || c === undefined) continue;
    const before = Math.max(0, (b.ms - a.ms) / (b.rows - a.rows));
    const rise = (c.ms - b.ms) / (c.rows - b.rows) / before;
    rises[31 - Math.clz32(b.rows)] = Number.isNaN(rise) ? 1 : Math.max(1, rise);
  }
}
