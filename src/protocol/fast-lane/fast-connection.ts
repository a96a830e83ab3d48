import type { Socket } from 'node:net';
import type { Timer } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { HttpAnswer } from '../http/http-exchange.ts';
import { refuseBroken, refuseLate } from '../http/http-server.ts';
import { JOIN_BELOW_BYTES } from '../http/node-exchange.ts';
import { LINGER_MS } from '../http/reply.ts';
import { answerHead, joined } from './answer-head.ts';
import { type ExchangeConnection, FastExchange, type RefusalBody } from './fast-exchange.ts';
import { giveBack } from './give-back.ts';
import type { Lane } from './lane-ports.ts';
import { headAt, type PlainHead, readPlainHead } from './plain-head.ts';

/** One connection of the fast lane. It has one request at a time. */
export class FastConnection implements ExchangeConnection {
  missingBytes = 0;
  readonly remoteAddress: string | undefined;
  readonly #lane: Lane;
  readonly #socket: Socket;
  /** The head of its last request. */
  #head: PlainHead | undefined;
  /** The request that has no answer yet, or whose answer is being sent. */
  #exchange: FastExchange | undefined;
  /** Bytes behind a request that is not answered yet. */
  #behind: Buffer | undefined;
  #isPipelined = false;
  #isLast = false;
  #isStalled = false;
  /** Ends a body that does not arrive. */
  #bodyLimit: Timer | undefined;

  constructor(lane: Lane, socket: Socket) {
    this.#lane = lane;
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress;
    socket.setTimeout(lane.times.headersTimeoutMs);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('timeout', this.#onTimeout);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  /** Waits for a request. */
  get isIdle(): boolean {
    return this.#exchange === undefined && this.missingBytes === 0;
  }

  get delayMs(): number {
    return this.#lane.ports.clock.delayMs;
  }

  get isPaused(): boolean {
    return this.#socket.isPaused();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  send(fields: string, answer: HttpAnswer): void {
    this.#isLast = false;
    this.#write(this.#lane.headOf(fields, answer), answer.chunks, answer.byteLength);
  }

  refuse(status: number, fields: string, { bytes, isLast }: RefusalBody): void {
    this.#isLast = isLast;
    this.#write(answerHead(status, fields, this.#lane.headEnd(isLast)), [bytes], bytes.byteLength);
  }

  #write(head: string, chunks: readonly Uint8Array[], byteLength: number): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (byteLength < JOIN_BELOW_BYTES) {
      socket.write(joined(head, chunks, byteLength), this.#onWritten);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      for (const chunk of chunks.slice(0, -1)) socket.write(chunk);
      socket.write(chunks.at(-1) ?? '', this.#onWritten);
      socket.uncork();
    }
    this.#watchStall();
  }

  answerPrepared(refusal: Refusal): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    this.#isLast = false;
    socket.write(this.#lane.preparedAnswer(refusal), this.#onWritten);
    this.#watchStall();
  }

  /** The timeout passes only while no byte is sent. */
  #watchStall(): void {
    if (this.#socket.writableLength === 0) return;
    this.#isStalled = true;
    this.#socket.setTimeout(this.#lane.times.writeStallMs);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#read(chunk);
    } catch (error) {
      reportMistake('a request', error);
      if (this.#exchange === undefined) this.destroy();
      else this.#exchange.fail(refuse('INTERNAL', 'internal error'));
    }
  };

  #read(chunk: Buffer): void {
    if (this.missingBytes > 0) this.#continue(chunk, 0);
    else if (this.#exchange !== undefined) this.#hold(chunk);
    else this.#begin(chunk);
  }

  #begin(chunk: Buffer): void {
    // Clients repeat their heads.
    const head = headAt(chunk, this.#head) ?? headAt(chunk, this.#lane.lastHead) ?? readPlainHead(chunk);
    if (head === undefined) {
      this.#leaveToNode(chunk);
      return;
    }
    const { ports, times } = this.#lane;
    if (this.#head === undefined) this.#socket.setTimeout(times.keepAliveTimeoutMs);
    this.#head = head;
    this.#lane.lastHead = head;
    this.missingBytes = head.bodyBytes;
    const exchange = new FastExchange(head, this);
    this.#exchange = exchange;
    ports.open.enter(this.#socket, exchange, this.#start);
    if (head.bodyBytes === 0) exchange.listener?.end();
    this.#continue(chunk, head.bytes.byteLength);
    if (this.missingBytes === 0) return;
    const dueMs = ports.clock.now() + times.bodyTimeoutMs;
    this.#bodyLimit ??= ports.clock.at(dueMs, () => this.#bodyIsLate());
  }

  readonly #start = (): void => {
    if (this.#exchange !== undefined) this.#lane.ports.handle(this.#exchange);
  };

  /** The bytes of the chunk from `from` on belong to the body, then to what follows it. */
  #continue(chunk: Buffer, from: number): void {
    const to = Math.min(chunk.byteLength, from + this.missingBytes);
    const listener = this.#exchange?.listener;
    if (to > from) {
      this.missingBytes -= to - from;
      listener?.data(chunk.subarray(from, to));
      if (this.missingBytes === 0) this.#exchange?.listener?.end();
    }
    if (to < chunk.byteLength) this.#hold(chunk.subarray(to));
    if (this.missingBytes > 0) return;
    this.#bodyLimit?.cancel();
    this.#bodyLimit = undefined;
    if (this.#exchange === undefined) this.#over();
  }

  /** Keeps what follows a request until the request is answered. At most one chunk comes after the pause. */
  #hold(bytes: Buffer): void {
    this.#isPipelined ||= this.#exchange?.isAnswered === false;
    this.#behind = this.#behind === undefined ? bytes : Buffer.concat([this.#behind, bytes]);
    this.#socket.pause();
  }

  readonly #onWritten = (): void => {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#socket.destroyed) return;
    if (this.#isStalled) this.#socket.setTimeout(this.#lane.times.keepAliveTimeoutMs);
    this.#isStalled = false;
    this.#exchange = undefined;
    this.#lane.ports.open.leave(this.#socket, exchange);
    exchange.closed(true);
    if (this.missingBytes === 0) this.#over();
    else if (this.#isLast) this.#linger();
  };

  /** The request is answered and its body has arrived. */
  #over(): void {
    if (this.#isLast) {
      this.#socket.destroySoon();
      return;
    }
    const behind = this.#behind;
    if (behind === undefined) return;
    this.#behind = undefined;
    if (this.#isPipelined) {
      this.#lane.leaveLater(() => this.#leaveToNode(behind));
    } else {
      this.#socket.resume();
      this.#onData(behind);
    }
  }

  /** After an earlier close, a client that is still writing would get an error instead of the answer. */
  #linger(): void {
    const { clock } = this.#lane.ports;
    this.#bodyLimit?.cancel();
    this.#bodyLimit = clock.at(clock.now() + LINGER_MS, () => this.#socket.destroySoon());
  }

  #bodyIsLate(): void {
    this.#bodyLimit = undefined;
    if (this.#exchange?.isAnswered === false) refuseLate(this.#socket);
    else this.destroy();
  }

  #leaveToNode(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    this.#forget();
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('timeout', this.#onTimeout);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.setTimeout(0);
    socket.pause();
    giveBack(socket, bytes);
    this.#lane.ports.leaveToNode(socket);
    socket.resume();
  }

  /** The client has ended its side: like Node, no answer is sent after that. */
  readonly #onEnd = (): void => {
    if (this.missingBytes > 0 && this.#exchange?.isAnswered === false) refuseBroken(this.#socket);
    else this.#socket.end();
  };

  readonly #onTimeout = (): void => {
    if (this.#isStalled) this.destroy();
    else if (this.#head === undefined) refuseLate(this.#socket);
    else if (this.isIdle) this.destroy();
  };

  /** The close event follows. */
  readonly #onError = (): void => {};

  readonly #onClose = (): void => {
    this.#forget();
  };

  #forget(): void {
    this.#bodyLimit?.cancel();
    this.#lane.forget(this);
  }
}
