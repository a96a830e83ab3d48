import { cutText } from '../../base/cut-text.ts';
import { messageOf } from '../../base/errors.ts';
import { CallRefused } from '../../model/call-refused.ts';
import type { Runtime } from '../../runtime/contract/runtime.ts';
import { splitRows } from '../../tensor/rows.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { encodeAnswer, type RunBody } from '../wire/batch-frames.ts';
import { reasonText } from '../wire/call-frames.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import { FLAG, type FrameHeader, KIND } from '../wire/wire.ts';
import { whyNotSent } from './answer-limits.ts';
import type { ModelCalls } from './model-calls.ts';

/** The body of a frame without contents. */
const NOTHING = new Uint8Array(0);

/** What the answers in parts need of their replica. */
export interface PartsPorts {
  readonly send: (pieces: Uint8Array[]) => void;
  readonly calls: Pick<ModelCalls, 'call'>;
}

/** A member whose answer is under way. */
class MemberParts {
  readonly #controller = new AbortController();
  #next: (() => void) | undefined;
  /** Resolves when the caller has room for a part. */
  room: Promise<void> = Promise.resolve();
  /** Resolves when the caller has gone. */
  readonly gone: Promise<undefined>;

  constructor() {
    const { signal } = this.#controller;
    this.gone = new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  waitForRoom(): void {
    this.room = new Promise((resolve) => {
      this.#next = resolve;
    });
  }

  next(): void {
    this.#next?.();
  }

  leave(): void {
    this.#controller.abort();
  }
}

/**
 * Answers the members of a batch in parts, beside each other. A part is sent when the caller has room for it, while the
 * model makes the next one; a member whose caller has gone is given up.
 */
export class PartsRun {
  readonly #order: LoadOrder;
  readonly #runtime: Runtime;
  readonly #send: PartsPorts['send'];
  readonly #calls: PartsPorts['calls'];
  readonly #members = new Map<number, MemberParts>();

  constructor(order: LoadOrder, runtime: Runtime, { send, calls }: PartsPorts) {
    this.#order = order;
    this.#runtime = runtime;
    this.#send = send;
    this.#calls = calls;
  }

  next(member: number): void {
    this.#members.get(member)?.next();
  }

  /** The caller of a member has gone. */
  leave(member: number): void {
    this.#members.get(member)?.leave();
  }

  /** Resolves when every member is answered, refused or given up; `gone` are members whose caller left before. */
  async run(
    { inputs, memberRows, parameters }: RunBody,
    header: Omit<FrameHeader, 'kind'>,
    gone: ReadonlySet<number>,
  ): Promise<void> {
    const byInput = inputs.map((input) => (memberRows.length === 1 ? [input] : splitRows(input, memberRows)));
    const waiting = memberRows.map(async (rows, member) => {
      if (gone.has(member)) return;
      const parts = new MemberParts();
      this.#members.set(member, parts);
      const own = byInput.map((each) => each[member] as Tensor);
      const made = this.#runtime.runInParts?.(own, {
        ...{ rows, parameters, signal: parts.signal },
        ask: async (call) => Promise.race([this.#calls.call(header.batch, call), refusedOnce(parts.gone)]),
      });
      if (made === undefined) throw new Error('the model does not answer in parts');
      await this.#answer(parts, made, { ...header, member });
    });
    await Promise.all(waiting);
  }

  async #answer(
    member: MemberParts,
    made: AsyncIterator<Tensor[]>,
    header: Omit<FrameHeader, 'kind'>,
  ): Promise<void> {
    try {
      for (;;) {
        const part = await Promise.race([made.next(), member.gone]);
        await Promise.race([member.room, member.gone]);
        if (part === undefined || member.signal.aborted) break;
        if (part.done === true) {
          this.#frame({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST }, NOTHING);
          return;
        }
        const problem = whyNotSent(this.#order, part.value);
        if (problem !== undefined) {
          this.#frame({ ...header, kind: KIND.REFUSED, flags: problem.flags }, Buffer.from(problem.text));
          break;
        }
        member.waitForRoom();
        this.#part(header, part.value);
      }
    } catch (caught) {
      await Promise.race([member.room, member.gone]);
      const [flags, why] =
        caught instanceof CallRefused
          ? [FLAG.BY_CALL, reasonText({ reason: caught.code, message: caught.message })]
          : [FLAG.BY_MODEL, `the model failed: ${messageOf(caught)}`];
      const text = cutText(why, this.#order.maxErrorCharacters);
      this.#frame({ ...header, kind: KIND.REFUSED, flags }, Buffer.from(text));
      return;
    }
    // Not awaited, because the model may be waiting for something that never comes. An error in it has no caller.
    void made.return?.()?.catch(() => {});
  }

  #part(header: Omit<FrameHeader, 'kind'>, outputs: readonly Tensor[]): void {
    const { meta, payloads } = encodeAnswer(outputs);
    const encoder = new FrameEncoder();
    encoder.add({ ...header, kind: KIND.ANSWER }, meta, payloads);
    this.#send(encoder.finish());
  }

  #frame(header: FrameHeader, meta: Uint8Array): void {
    const encoder = new FrameEncoder();
    encoder.add(header, meta, []);
    this.#send(encoder.finish());
  }
}

/** The call of a member ends with it: its code does not wait for ever. */
async function refusedOnce(gone: Promise<undefined>): Promise<never> {
  await gone;
  throw new CallRefused('CANCELLED', 'no request waits for it any more');
}
