import type { Random } from '../base/random.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import { encodeBytesElements } from '../tensor/bytes-elements.ts';
import { DATATYPES } from '../tensor/datatype.ts';
import { type HalfDatatype, numberToHalf } from '../tensor/half.ts';
import type { Segments } from '../tensor/segments.ts';
import { allocateArray, bytesOf, elementCount } from '../tensor/tensor.ts';

/**
 * One way to generate inputs for a model of which only names, datatypes and shapes are known. Values: `varied` are
 * small and of either sign, with another scale in each row; `positive` are above 0; `small` are 0 or 1, and 0 to 1
 * for floats; `zero` are accepted by the most restrictive models.
 */
export interface Guess {
  /** The size of axes that the model leaves open, except the batch axis. */
  readonly openSize: number;
  readonly values: 'varied' | 'positive' | 'small' | 'zero';
}

/** From the most informative to the most widely accepted. */
export const GUESSES: readonly Guess[] = [
  { openSize: 4, values: 'varied' },
  { openSize: 4, values: 'positive' },
  { openSize: 4, values: 'small' },
  { openSize: 1, values: 'varied' },
  { openSize: 1, values: 'positive' },
  { openSize: 32, values: 'small' },
  { openSize: 4, values: 'zero' },
  { openSize: 1, values: 'zero' },
];

/**
 * Scales of the rows. They differ, because with equal scales a model that depends on the largest number of a batch
 * would not be detected. The last one is far larger, as a caller's row may be; a model need not accept it.
 */
export const ROW_SCALES = [1, 0.25, 4, 0.5, 2, 100] as const;
/** The index of that row. */
export const LARGE_ROW = ROW_SCALES.length - 1;
/** The index of the row whose bits are all 0. */
const NOTHING_ROW = 3;
/** Types that hold no indices, the largest number of their rows of scale 1, and of any row. */
const SIGNED: ReadonlySet<TensorMetadata['datatype']> = new Set(['INT8', 'INT16'] as const);
const SIGNED_SPREAD = 2.4;
const LARGEST = 100;
/** Of this many booleans of a row, one is true. */
const ONE_OF = 3;
/** Of different lengths, so that a model that counts characters gives different answers. */
const TEXTS = ['a', 'bc', 'def', '1', '22'] as const;
const LARGE_TEXT = 'a much longer text than the others '.repeat(3);
/** Drawing every number of an image would block the event loop, so a short pattern is drawn and repeated. */
const PATTERN_LENGTH = 4096;

/** The shape of an input under a guess; one row where there is a batch axis. */
export function guessedShape({ shape, anyRank }: TensorMetadata, guess: Guess, hasBatchAxis: boolean) {
  // An open rank may be that of a scalar.
  if (anyRank === true) return guess.openSize === 1 ? [] : [1, guess.openSize];
  return shape.map((size, axis) => (size !== -1 ? size : axis === 0 && hasBatchAxis ? 1 : guess.openSize));
}

/** Values of one input for the row with this index. */
export function madeUpValues(
  { name, datatype }: TensorMetadata,
  shape: readonly number[],
  guess: Guess,
  row: number,
  random: Random,
): Segments {
  const count = elementCount(shape);
  // A mask of zeros would leave nothing to compute.
  const isMask = /mask/i.test(name);
  const draw = isMask ? () => 1 : drawOf(datatype, guess, row, random);
  if (datatype === 'BYTES') {
    const isLarge = row === LARGE_ROW && guess.values === 'varied';
    const text = (): string => {
      if (guess.values === 'zero') return '';
      return isLarge ? LARGE_TEXT : (TEXTS[Math.abs(draw()) % TEXTS.length] ?? '');
    };
    return encodeBytesElements(Array.from({ length: count }, () => Buffer.from(text())));
  }
  const array = allocateArray(datatype, count);
  const write = writerOf(datatype);
  const drawn = Math.min(count, PATTERN_LENGTH);
  for (let index = 0; index < drawn; index++) array[index] = write(draw()) as never;
  for (let index = drawn; index < count; index *= 2) array.copyWithin(index, 0, index);
  return bytesOf(array);
}

function drawOf(datatype: TensorMetadata['datatype'], { values }: Guess, row: number, random: Random) {
  const { kind } = DATATYPES[datatype];
  // Unless values are varied, the large row is like the others.
  const place = values === 'varied' ? row % ROW_SCALES.length : row % LARGE_ROW;
  const scale = ROW_SCALES[place] as number;
  if (values === 'zero') return kind === 'float' || kind === 'half' ? () => scale * random.unit() : () => 0;
  if (kind === 'float' || kind === 'half') {
    if (values === 'small') return () => random.unit();
    return values === 'positive'
      ? () => scale * (0.1 + random.unit())
      : () => scale * (2 * random.unit() - 1);
  }
  // Adjacent rows hold different whole numbers, all of them small, because they often are indices.
  const bit = () => (random.unit() < 0.5 ? 0 : 1);
  if (kind === 'bool' || values === 'small') {
    // With both values in every row, all rows have the same largest number, and a model that divides by that of the
    // batch would not be detected.
    if (row % ROW_SCALES.length === NOTHING_ROW) return () => 0;
    if (row === LARGE_ROW) return () => 1;
    // Rows 0 and 2 have their ones at different places, so the largest of weighted ones cannot be in both.
    let index = 0;
    return () => ((index++ + row) % ONE_OF === 0 ? 1 : 0);
  }
  if (values === 'positive') return () => 1 + ((row + bit()) % 3);
  // Small signed types hold measurements, not indices: half of them are below 0, of each row's own scale.
  if (SIGNED.has(datatype)) {
    const largest = Math.min(SIGNED_SPREAD * scale, LARGEST);
    return () => Math.round(largest * (2 * random.unit() - 1));
  }
  return row === LARGE_ROW ? () => Math.floor(scale * random.unit()) : () => (row + bit()) % 4;
}

function writerOf(datatype: TensorMetadata['datatype']): (value: number) => number | bigint {
  const { kind } = DATATYPES[datatype];
  if (kind === 'bigint') return BigInt;
  if (kind === 'half') return (value) => numberToHalf(datatype as HalfDatatype, value) ?? 0;
  return (value) => value;
}
