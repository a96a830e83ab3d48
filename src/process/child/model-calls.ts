import { isRefusal } from '../../base/errors.ts';
import { CallRefused } from '../../model/call-refused.ts';
import type { ModelCall } from '../../model/model-call.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { decodeReply, encodeCall } from '../wire/call-frames.ts';
import type { ReplyMessage } from '../wire/compute-messages.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import { KIND } from '../wire/wire.ts';

interface OpenCall {
  readonly batch: number;
  readonly model: string;
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: Error) => void;
}

/** The calls of other models that wait for their answers. */
export class ModelCalls {
  readonly #incarnation: number;
  readonly #send: (pieces: Uint8Array[]) => void;
  readonly #open = new Map<number, OpenCall>();
  #calls = 0;

  constructor(incarnation: number, send: (pieces: Uint8Array[]) => void) {
    this.#incarnation = incarnation;
    this.#send = send;
  }

  /** Rejects with a CallRefused. */
  async call(batch: number, call: ModelCall): Promise<readonly Tensor[]> {
    this.#calls = (this.#calls + 1) >>> 0;
    const member = this.#calls;
    const { meta, payloads } = encodeCall(call);
    const encoder = new FrameEncoder();
    const header = { kind: KIND.CALL, flags: 0, slot: 0, incarnation: this.#incarnation, batch, member };
    encoder.add(header, meta, payloads);
    return new Promise((resolve, reject) => {
      this.#open.set(member, { batch, model: call.model, resolve, reject });
      this.#send(encoder.finish());
    });
  }

  replied({ call, flags, meta, payload }: ReplyMessage): void {
    const open = this.#open.get(call);
    if (open === undefined) return;
    this.#open.delete(call);
    const outcome = decodeReply(Buffer.from(meta), segmentsOf(payload), flags);
    if (isRefusal(outcome)) {
      open.reject(new CallRefused(outcome.reason, `call of '${open.model}': ${outcome.message}`));
    } else {
      open.resolve(outcome);
    }
  }

  /** The batch has ended: its code no longer waits for what it has left behind. */
  ended(batch: number): void {
    for (const [call, open] of this.#open) if (open.batch === batch) this.#open.delete(call);
  }
}
