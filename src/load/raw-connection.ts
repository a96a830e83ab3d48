import { connect, type Socket } from 'node:net';
import type { Target } from './request-bytes.ts';
import { ResponseParser } from './response-parser.ts';

/** How a request can end without an answer. */
export type FailureKind = 'connect' | 'reset' | 'timeout' | 'malformed';

/** Who hears how the one request that a connection carries has ended; it may send the next one at once. */
export interface AnswerListener {
  /** Asked when an answer's head has come; only bodies that are kept are handed on. */
  keepsBody(status: number): boolean;
  answered(status: number, body: Buffer | undefined): void;
  failed(kind: FailureKind, text: string): void;
}

/** Carries one request at a time. */
export interface Connection {
  /** Connects first where it has to. */
  send(bytes: Buffer): void;
  /** Gives up what is under way without a word to the listener; the next `send` connects anew. */
  close(): void;
}

/** How a run gets its connections: real ones, or those of a simulated server. */
export type Connect = (listener: AnswerListener) => Connection;

/** Connections to a real server, over loopback or a network. */
export function connectTo(target: Target): Connect {
  return (listener) => new RawConnection(target, listener);
}

const READ_BUFFER_BYTES = 64 * 1024;

/**
 * A keep-alive connection on a bare socket. The client of `node:http` spends three times as much on a request,
 * and a client that is slower than the server measures itself.
 */
class RawConnection implements Connection {
  readonly #target: Target;
  readonly #listener: AnswerListener;
  readonly #parser: ResponseParser;
  /** Every read lands here, instead of in a buffer of its own that somebody has to collect. */
  readonly #bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #socket: Socket | undefined;
  #isBusy = false;

  constructor(target: Target, listener: AnswerListener) {
    this.#target = target;
    this.#listener = listener;
    this.#parser = new ResponseParser((status) => listener.keepsBody(status));
  }

  send(bytes: Buffer): void {
    this.#isBusy = true;
    this.#socket ??= this.#open();
    this.#socket.write(bytes);
  }

  close(): void {
    this.#isBusy = false;
    this.#parser.reset();
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    let failure: FailureKind = 'connect';
    const socket = connect({
      host: this.#target.host,
      port: this.#target.port,
      noDelay: true,
      onread: {
        buffer: this.#bytes,
        callback: (count) => {
          if (socket === this.#socket) this.#received(socket, count);
          return true;
        },
      },
    });
    socket.once('connect', () => {
      failure = 'reset';
    });
    // Of a socket that was given up, nobody wants to hear any more; but an error must have a listener.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Where a name stands for several addresses and none answers, the message is empty.
      if (socket === this.#socket) this.#fail(failure, error.message || String(error.code));
    });
    socket.once('end', () => {
      if (socket === this.#socket) this.#ended();
    });
    return socket;
  }

  #received(socket: Socket, count: number): void {
    if (!this.#isBusy) {
      // Nothing was asked, so this is no answer.
      this.close();
      return;
    }
    const progress = this.#parser.feed(this.#bytes, count);
    if (progress === 'malformed') this.#fail('malformed', this.#parser.problem);
    // A server that answers before it has read the whole request has left the rest of it in the pipe.
    else if (progress === 'complete') this.#complete(this.#parser.isReusable && socket.writableLength === 0);
  }

  #ended(): void {
    if (this.#parser.endsWithConnection) this.#complete(false);
    else this.#fail('reset', 'the connection ended before the answer did');
  }

  #complete(isReusable: boolean): void {
    const { status, body } = this.#parser;
    if (!isReusable) this.close();
    this.#isBusy = false;
    this.#parser.reset();
    this.#listener.answered(status, body);
  }

  #fail(kind: FailureKind, text: string): void {
    const wasBusy = this.#isBusy;
    this.close();
    if (wasBusy) this.#listener.failed(kind, text);
  }
}
