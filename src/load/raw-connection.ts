import { connect, type Socket } from 'node:net';
import type { Target } from './request-bytes.ts';
import { ResponseParser } from './response-parser.ts';

/** Why a request failed without an answer. */
export type FailureKind = 'connect' | 'reset' | 'timeout' | 'malformed';

/** Receives the end of the request of a connection, and may send the next request at once. */
export interface AnswerListener {
  /** Called after the head of an answer; only kept bodies are passed to `answered`. */
  keepsBody(status: number): boolean;
  answered(status: number, body: Buffer | undefined): void;
  failed(kind: FailureKind, text: string): void;
}

/** A connection with one request at a time. */
export interface Connection {
  /** Connects first if necessary. */
  send(bytes: Buffer): void;
  /** Abandons the request in progress without a call of the listener; the next `send` reconnects. */
  close(): void;
}

/** Creates a connection to a real or a simulated server. */
export type Connect = (listener: AnswerListener) => Connection;

/** Connections to a real server. */
export function connectTo(target: Target): Connect {
  return (listener) => new RawConnection(target, listener);
}

const READ_BUFFER_BYTES = 64 * 1024;

/**
 * A keep-alive connection on a plain socket. The client of `node:http` takes three times as much CPU time per request, and
 * a client that is slower than the server would measure itself.
 */
class RawConnection implements Connection {
  readonly #target: Target;
  readonly #listener: AnswerListener;
  readonly #parser: ResponseParser;
  /** One buffer for all reads, to avoid garbage collection. */
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
    // Errors of an abandoned socket are ignored, but the event must have a listener.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The message is empty when a host name has several addresses and none answers.
      if (socket === this.#socket) this.#fail(failure, error.message || String(error.code));
    });
    socket.once('end', () => {
      if (socket === this.#socket) this.#ended();
    });
    return socket;
  }

  #received(socket: Socket, count: number): void {
    if (!this.#isBusy) {
      // Data without a request is not an answer.
      this.close();
      return;
    }
    const progress = this.#parser.feed(this.#bytes, count);
    if (progress === 'malformed') this.#fail('malformed', this.#parser.problem);
    // A server that answers before it has read the whole request leaves the rest in the socket.
    else if (progress === 'complete') this.#complete(this.#parser.isReusable && socket.writableLength === 0);
  }

  #ended(): void {
    if (this.#parser.endsWithConnection) this.#complete(false);
    else this.#fail('reset', 'the connection ended before the end of the answer');
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
