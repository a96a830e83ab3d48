import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { Answer, PartReceiver } from '../../model/inference.ts';
import type { Codec } from '../codec/codec.ts';
import type { BodyWriter, HttpExchange } from '../http/http-exchange.ts';
import type { EncodedAnswer } from '../oip/oip-response.ts';
import type { GenerateHead } from '../simple/generate-codec.ts';

const CONTENT_TYPE = 'text/event-stream; charset=utf-8';

/** Sends an answer as server-sent events, one for each part. It asks for the next part when the client has room for it. */
export class EventStream implements PartReceiver {
  readonly #http: HttpExchange;
  readonly #codec: Codec;
  readonly #head: GenerateHead;
  #body: BodyWriter | undefined;
  #hasBegun = false;
  #isOver = false;
  /** Called when the answer cannot be completed: what still runs for it is not needed. */
  whenBrokenOff: () => void = () => {};

  constructor(http: HttpExchange, codec: Codec, head: GenerateHead) {
    this.#http = http;
    this.#codec = codec;
    this.#head = head;
  }

  part({ outputs }: Answer, next: () => void): void {
    if (this.#isOver) return;
    this.#hasBegun = true;
    this.#codec.write({ kind: 'write generate', head: this.#head, outputs }, (encoded) => {
      if (this.#isOver) return;
      if (isRefusal(encoded)) this.#breakOff(encoded);
      else if (this.#send(encoded.chunks)) next();
      else this.#body?.whenDrained(next);
    });
  }

  /** A request of which nothing was answered yet runs again; of any other, parts would come twice. */
  lost(why: string): void {
    if (this.#hasBegun && !this.#isOver) this.#breakOff(refuse('REPLICA_LOST', why));
  }

  /** The request has ended. An answer without outputs follows its last part. */
  end(outcome: Answer | Refusal): void {
    if (this.#isOver) return;
    if (isRefusal(outcome)) {
      this.#endWith(outcome);
    } else if (outcome.outputs.length === 0) {
      this.#close();
    } else {
      this.part(outcome, () => this.#close());
    }
  }

  /** The client has disconnected. */
  drop(): void {
    this.#isOver = true;
  }

  #breakOff(refusal: Refusal): void {
    this.#endWith(refusal);
    this.whenBrokenOff();
  }

  /** Once an event is sent, only another one can tell of a failure. */
  #endWith(refusal: Refusal): void {
    if (this.#body === undefined) {
      this.#isOver = true;
      this.#http.refuse(refusal);
      return;
    }
    const { message: error, reason } = refusal;
    this.#send([Buffer.from(JSON.stringify({ error, reason }))]);
    this.#close();
  }

  #close(): void {
    this.#isOver = true;
    this.#open().end();
  }

  #send(json: EncodedAnswer['chunks']): boolean {
    return this.#open().write(Buffer.concat([DATA, ...json, END_OF_EVENT]));
  }

  #open(): BodyWriter {
    this.#body ??= this.#http.openBody(CONTENT_TYPE);
    return this.#body;
  }
}

const DATA = Buffer.from('data: ');
const END_OF_EVENT = Buffer.from('\n\n');
