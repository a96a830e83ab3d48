import { cutText } from '../../base/cut-text.ts';
import type { Refusal } from '../../base/errors.ts';
import { reasonText } from '../wire/call-frames.ts';
import type { FrameEncoder } from '../wire/frame-encoder.ts';
import { FLAG, type FrameHeader, KIND } from '../wire/wire.ts';

/** Which members of a batch get no answer, for which cause, and why. */
export class Refusals {
  readonly #memberRows: readonly number[];
  readonly #maxCharacters: number;
  readonly #byMember = new Map<number, { readonly flags: number; readonly text: string }>();

  constructor(memberRows: readonly number[], maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
    this.#memberRows = memberRows;
  }

  get areNone(): boolean {
    return this.#byMember.size === 0;
  }

  get areAll(): boolean {
    return this.#byMember.size > 0 && this.#byMember.size === this.#memberRows.length;
  }

  has(member: number): boolean {
    return this.#byMember.has(member);
  }

  /** The runtime cannot take this row of the batch, counted from 0. */
  byInput(row: number, why: string): void {
    this.#check('refuseInput', row);
    this.#add(row, FLAG.BY_INPUT, () => why);
  }

  byModel(row: number, why: string): void {
    this.#check('refuseRow', row);
    this.#add(row, FLAG.BY_MODEL, (own) => `the model refused row ${own}: ${why}`);
  }

  /** A call of another model was refused, and the model did not handle it. */
  byCall(refusal: Pick<Refusal, 'reason' | 'message'>): void {
    const text = cutText(reasonText(refusal), this.#maxCharacters);
    for (const member of this.#memberRows.keys()) this.#byMember.set(member, { flags: FLAG.BY_CALL, text });
  }

  #check(what: string, row: number): void {
    const rows = this.#memberRows.reduce((sum, count) => sum + count, 0);
    if (!Number.isInteger(row) || row < 0 || row >= rows) {
      throw new RangeError(`${what}(${row}): the batch has the rows 0 to ${rows - 1}`);
    }
  }

  write(encoder: FrameEncoder, header: Omit<FrameHeader, 'kind'>): void {
    for (const [member, { flags, text }] of this.#byMember) {
      encoder.add({ ...header, kind: KIND.REFUSED, flags, member }, Buffer.from(text), []);
    }
  }

  /** `text` gets the row number within the member. Only the first refusal of a member counts. */
  #add(row: number, flags: number, text: (own: number) => string): void {
    let own = row;
    let member = 0;
    for (; own >= (this.#memberRows[member] ?? Number.POSITIVE_INFINITY); member++) {
      own -= this.#memberRows[member] as number;
    }
    if (member < this.#memberRows.length && !this.#byMember.has(member)) {
      this.#byMember.set(member, { flags, text: cutText(text(own), this.#maxCharacters) });
    }
  }
}
