import type { Random } from '../../base/random.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import type { ModelMetadata, TensorMetadata } from '../../model/model-metadata.ts';
import type { SampleInput } from '../../replica/sample-input.ts';
import { DATATYPES, type Datatype } from '../../tensor/datatype.ts';
import { gatherRows, splitRows } from '../../tensor/rows.ts';
import { bytesOf, type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import {
  GUESSES,
  type Guess,
  guessedShape,
  LARGE_ROW,
  madeUpValues,
  ROW_SCALES,
} from '../../warmup/made-up-rows.ts';
import type { Member } from '../../work/batch.ts';

/** Inputs of {@link WarmupInputs}. */
export interface WarmupInputParts {
  /** Of the inputs as callers send them, before padding. */
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
  readonly own: readonly SampleInput[];
  readonly random: Random;
  /** Converts a request as admission does. */
  readonly member: (request: InferenceRequest) => Member;
}

const INDICES: ReadonlySet<Datatype> = new Set(['INT32', 'INT64', 'UINT32', 'UINT64']);
const FLOATS: ReadonlySet<Datatype> = new Set(['FP16', 'BF16', 'FP32', 'FP64']);

/** Rows derived from a sample row have float values that are smaller by this share per row. */
const VARIATION = 0.1;

/**
 * Inputs for warmup: several candidates, of which the first that the model accepts is chosen. A candidate is a list of
 * different rows, or of one whole request when the model has no batch axis. A complete sample of the user is the only
 * candidate; inputs that the sample leaves out are generated.
 */
export class WarmupInputs {
  readonly #parts: WarmupInputParts;
  readonly #guesses: readonly Guess[];
  readonly #candidates: (readonly Member[])[] = [];
  #chosen: readonly Member[] | undefined;
  /** The candidate that the chosen rows are of. */
  #accepted: number | undefined;
  #endedReplicas = 0;

  constructor(parts: WarmupInputParts) {
    this.#parts = parts;
    const { metadata, own, hasBatchAxis } = parts;
    const isOpen = metadata.inputs.some(
      ({ shape, anyRank }) => anyRank === true || shape.slice(hasBatchAxis ? 1 : 0).includes(-1),
    );
    // Without an open size, guesses that differ only in the open size are equal.
    const different = isOpen ? GUESSES : GUESSES.filter(({ openSize }) => openSize === 4);
    this.#guesses = this.isOwn ? different.slice(0, 1) : own.length > 0 ? different.slice(0, 3) : different;
  }

  /** Whether the user's sample has data for every input, so that the model must accept it. */
  get isOwn(): boolean {
    const { metadata, own } = this.#parts;
    return metadata.inputs.every(({ name }) => own.some((input) => input.name === name && input.data));
  }

  /** The number of candidates; those before {@link first} are skipped. */
  get count(): number {
    return this.#guesses.length;
  }

  /** The first candidate to run: the one that the model has accepted before, if any. */
  get first(): number {
    if (this.#accepted !== undefined) return this.#accepted;
    return this.#endedReplicas === 0 ? 0 : Math.max(0, this.count - 2) + this.#endedReplicas - 1;
  }

  /** A candidate has ended a replica: the next replica starts with a simpler one, and finally runs none. */
  endedReplica(): void {
    if (!this.isOwn && this.#chosen === undefined) this.#endedReplicas += 1;
  }

  /** The chosen rows; undefined until the model has accepted some. */
  get chosen(): readonly Member[] | undefined {
    return this.#chosen;
  }

  choose(rows: readonly Member[]): void {
    this.#chosen = rows;
    const accepted = this.#candidates.findIndex((candidate) => candidate?.[0] === rows[0]);
    this.#accepted = accepted < 0 ? undefined : accepted;
  }

  /** Throws a RangeError when there is no such candidate. */
  rows(candidate: number): readonly Member[] {
    const guess = this.#guesses[candidate];
    if (guess === undefined) throw new RangeError(`there is no candidate ${candidate}`);
    this.#candidates[candidate] ??= this.#make(guess);
    return this.#candidates[candidate];
  }

  #make(guess: Guess): Member[] {
    const { metadata, hasBatchAxis, own, member } = this.#parts;
    const ownRows = own.length > 0 && hasBatchAxis ? (own[0]?.shape[0] ?? 1) : 1;
    const count = hasBatchAxis ? Math.max(ownRows, ROW_SCALES.length) : 1;
    return Array.from({ length: count }, (_, row) => {
      const inputs = metadata.inputs.map((input) => this.#input(input, guess, row, ownRows));
      return member({ id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 });
    });
  }

  #input(input: TensorMetadata, guess: Guess, row: number, ownRows: number): Tensor {
    const { metadata, hasBatchAxis, own, random } = this.#parts;
    const given = own.find(({ name }) => name === input.name);
    const { name, datatype } = input;
    if (given?.data !== undefined) {
      const whole: Tensor = { name, datatype, shape: given.shape, data: given.data };
      if (!hasBatchAxis) return whole;
      const ownRow = splitRows(whole, new Array<number>(ownRows).fill(1))[row % ownRows] as Tensor;
      return row < ownRows ? ownRow : varied(ownRow, 1 - VARIATION * (row - ownRows + 1));
    }
    const shape = given?.shape ?? guessedShape(input, guess, hasBatchAxis);
    const rowShape = given !== undefined && hasBatchAxis ? [1, ...shape.slice(1)] : shape;
    // Whole numbers beside floats usually are indices: large ones would be refused, and the large floats with them.
    const isIndex = INDICES.has(datatype) && metadata.inputs.some((each) => FLOATS.has(each.datatype));
    const source = isIndex ? row % LARGE_ROW : row;
    const draws = random.fork(`${guess.values} ${guess.openSize} ${name} ${row}`);
    return { name, datatype, shape: rowShape, data: madeUpValues(input, rowShape, guess, source, draws) };
  }
}

/** Scales float values; integers, booleans and texts are unchanged. */
function varied(tensor: Tensor, factor: number): Tensor {
  if (DATATYPES[tensor.datatype].kind !== 'float') return tensor;
  const numbers = typedArrayOf(tensor.datatype, tensor.data) as Float64Array;
  return { ...tensor, data: bytesOf(numbers.map((number) => number * factor)) };
}

/** Concatenates rows into one request, whose outputs are not split. */
export function together(rows: readonly Member[]): Member {
  const [first] = rows;
  if (first === undefined) throw new RangeError('no rows to run');
  if (rows.length === 1) return first;
  const inputs = first.request.inputs.map((_, index) =>
    gatherRows(rows.map(({ request }) => request.inputs[index] as Tensor)),
  );
  return { rows: rows.length, request: { ...first.request, inputs }, lane: first.lane };
}
