import { type Refusal, refuse } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Member } from '../../work/batch.ts';
import { originOf } from '../../work/origin.ts';
import { decodeCall, encodeReply } from '../wire/call-frames.ts';
import { type Frame, KIND } from '../wire/wire.ts';

/** A model waits for all of its calls; more of them at once are a mistake in its code. */
const MOST_CALLS = 1024;

/** Header fields that a reply needs, and its body. */
export interface Reply {
  readonly kind: typeof KIND.REPLY;
  readonly flags: number;
  readonly batch: number;
  readonly member: number;
  readonly meta: Uint8Array;
  readonly payloads: readonly Segments[];
}

interface UnderWay {
  readonly batch: number;
  readonly cancel: () => void;
}

/** Calls that the model of a replica makes while it runs batches. None outlives its batch. */
export class CallsUnderWay {
  readonly #caller: ModelCaller | undefined;
  readonly #send: (reply: Reply) => void;
  readonly #calls = new Map<number, UnderWay>();

  /** Without `caller` every call is refused. */
  constructor(caller: ModelCaller | undefined, send: (reply: Reply) => void) {
    this.#caller = caller;
    this.#send = send;
  }

  /**
   * Reads a CALL on behalf of the members of its batch and returns a function that makes it; throws a RangeError when the
   * frame is malformed.
   */
  read(frame: Frame, members: readonly Member[] | undefined): () => void {
    const { batch, member: id } = frame;
    const call = decodeCall(frame);
    if (this.#calls.has(id)) throw new RangeError(`call ${id} is under way already`);
    return () => {
      const reply = (outcome: Answer | Refusal) => {
        this.#calls.delete(id);
        this.#send({ kind: KIND.REPLY, batch, member: id, ...encodeReply(outcome) });
      };
      const origin = members && originOf(members);
      if (origin === undefined) reply(refuse('CANCELLED', 'no request waits for it any more'));
      else if (this.#caller === undefined)
        reply(refuse('MODEL_ERROR', 'other models cannot be called from here'));
      else if (this.#calls.size >= MOST_CALLS)
        reply(
          refuse(
            'QUEUE_FULL',
            `the model has ${MOST_CALLS} calls under way, which is the limit of a replica`,
          ),
        );
      else this.#calls.set(id, { batch, cancel: this.#caller.call(call, origin, reply) });
    };
  }

  /** A request has left the batch: without any other in it, its calls are refused. */
  left(batch: number, members: readonly Member[]): void {
    if (this.#calls.size === 0 || originOf(members) !== undefined) return;
    const refused = encodeReply(refuse('CANCELLED', 'no request waits for it any more'));
    for (const member of this.#cancel((call) => call.batch === batch))
      this.#send({ kind: KIND.REPLY, batch, member, ...refused });
  }

  /** The batch has ended. */
  ended(batch: number): void {
    if (this.#calls.size > 0) this.#cancel((call) => call.batch === batch);
  }

  /** The replica has ended. */
  end(): void {
    this.#cancel(() => true);
  }

  #cancel(isMeant: (call: UnderWay) => boolean): number[] {
    const meant = [...this.#calls].filter(([, call]) => isMeant(call));
    for (const [id, { cancel }] of meant) {
      this.#calls.delete(id);
      cancel();
    }
    return meant.map(([id]) => id);
  }
}
