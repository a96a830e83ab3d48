import { cutText } from '../../base/cut-text.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { type Exit, exitText } from '../../replica/exit.ts';
import type { Batch, Member } from '../../work/batch.ts';
import type { Outcome, OutcomeSink } from '../../work/outcome.ts';
import { whyFailed } from '../../work/why-failed.ts';
import { decodeAnswer, decodeAnswers, decodeEnd } from '../wire/batch-frames.ts';
import { refusalIn } from '../wire/call-frames.ts';
import { ALL_MEMBERS, FLAG, type Frame, KIND } from '../wire/wire.ts';

interface UnderWay {
  readonly sink: OutcomeSink;
  readonly members: readonly Member[];
}

/** Characters added to a text that was cut. */
const MOST_NOTE = 100;

/** Batches that a replica has received and not finished, in order. Turns frames about them into outcomes. */
export class BatchesUnderWay {
  readonly #maxErrorCharacters: number;
  readonly #next: (batch: number, member: number) => void;
  readonly #batches = new Map<number, UnderWay>();

  /** `next` asks for the next part of the answer to a member. */
  constructor(maxErrorCharacters: number, next: (batch: number, member: number) => void) {
    this.#maxErrorCharacters = maxErrorCharacters;
    this.#next = next;
  }

  /** Batches run in the order of arrival, so the first one is running. */
  get running(): number | undefined {
    return this.#batches.keys().next().value;
  }

  has(batch: number): boolean {
    return this.#batches.has(batch);
  }

  /** undefined when it is not under way. */
  membersOf(batch: number): readonly Member[] | undefined {
    return this.#batches.get(batch)?.members;
  }

  start({ id, members }: Batch, sink: OutcomeSink): void {
    this.#batches.set(id, { sink, members });
  }

  /**
   * Reads an ANSWER, a REFUSED or an END and returns a function that reports it; throws a RangeError when the frame
   * is malformed. Reporting is separate, because errors in it are not the replica's.
   */
  read(frame: Frame, outputs: readonly TensorMetadata[]): () => void {
    const underWay = this.#batches.get(frame.batch);
    if (underWay === undefined) return () => {};
    const { sink, members } = underWay;
    if (frame.kind === KIND.END) {
      const outcome = this.#outcomeOf(frame);
      return () => {
        this.#batches.delete(frame.batch);
        sink.end(outcome);
      };
    }
    if (frame.kind === KIND.ANSWER && (frame.flags & FLAG.LAST) === 0) {
      return this.#partIn(frame, members, outputs);
    }
    if (frame.kind === KIND.ANSWER && frame.member === ALL_MEMBERS) {
      const answers = decodeAnswers(frame.meta, frame.payload, outputs, members);
      return () => answers.forEach((own, member) => void sink.part(member, { outputs: own }));
    }
    const answer = this.#answerIn(frame, members, outputs);
    return () => sink.part(frame.member, answer);
  }

  /** The replica has ended; all its batches are lost. */
  lose(exit: Exit): void {
    const lost = [...this.#batches.values()];
    this.#batches.clear();
    for (const [index, { sink, members }] of lost.entries()) {
      for (const { request } of members) request.parts?.lost(exitText(exit));
      sink.end({ kind: 'lost', cause: exit.cause, wasRunning: index === 0, detail: exitText(exit) });
    }
  }

  #partIn(frame: Frame, members: readonly Member[], outputs: readonly TensorMetadata[]): () => void {
    const { batch, member, meta, payload } = frame;
    const parts = members[member]?.request.parts;
    if (parts === undefined) throw new RangeError(`member ${member} is not answered in parts`);
    const answer = { outputs: decodeAnswer(meta, payload, outputs) };
    return () => parts.part(answer, () => this.#next(batch, member));
  }

  #outcomeOf(frame: Frame): Outcome {
    if ((frame.flags & FLAG.THREW) === 0) return decodeEnd(frame);
    return { kind: 'threw', message: errorText(frame, this.#maxErrorCharacters) };
  }

  #answerIn(frame: Frame, members: readonly Member[], outputs: readonly TensorMetadata[]): Answer | Refusal {
    const { kind, member, meta, payload } = frame;
    if (member >= members.length) {
      throw new RangeError(`member ${member} is not in the batch of ${members.length}`);
    }
    if (kind !== KIND.REFUSED) {
      const isInParts = members[member]?.request.parts !== undefined;
      return { outputs: isInParts ? [] : decodeAnswer(meta, payload, outputs) };
    }
    const text = errorText(frame, this.#maxErrorCharacters);
    if ((frame.flags & FLAG.BY_CALL) !== 0) return whyFailed(refusalIn(text));
    return refuse(reasonOf(frame.flags), text);
  }
}

/** Cut again here, because a model may write such a frame itself. */
export function errorText({ meta }: Frame, maxCharacters: number): string {
  return cutText(meta.toString('utf8'), maxCharacters + MOST_NOTE);
}

/** Why a member has no answer. */
function reasonOf(flags: number): 'MODEL_ERROR' | 'INVALID_INPUT' | 'BAD_OUTPUT' {
  if ((flags & FLAG.BY_MODEL) !== 0) return 'MODEL_ERROR';
  return (flags & FLAG.BY_INPUT) !== 0 ? 'INVALID_INPUT' : 'BAD_OUTPUT';
}
