import type { AnswerListener, Connect, Connection, FailureKind } from './raw-connection.ts';

/** Hears what comes of the exchanges. */
export interface ExchangeListener {
  wantsBody(exchange: Exchange, status: number): boolean;
  answered(exchange: Exchange, status: number, body: Buffer | undefined): void;
  failed(exchange: Exchange, kind: FailureKind, text: string): void;
}

/** A connection together with the request that it carries; made once, used for one request after another. */
export class Exchange implements AnswerListener {
  readonly #connection: Connection;
  readonly #listener: ExchangeListener;
  /** Which request of the rotation. */
  request = 0;
  dueMs = 0;
  /** Due in the measured window. */
  isCounted = false;
  idleSinceMs = 0;

  constructor(connect: Connect, listener: ExchangeListener) {
    this.#listener = listener;
    this.#connection = connect(this);
  }

  send(bytes: Buffer): void {
    this.#connection.send(bytes);
  }

  /** The listener hears no more of the request under way. */
  hangUp(): void {
    this.#connection.close();
  }

  keepsBody(status: number): boolean {
    return this.#listener.wantsBody(this, status);
  }

  answered(status: number, body: Buffer | undefined): void {
    this.#listener.answered(this, status, body);
  }

  failed(kind: FailureKind, text: string): void {
    this.#listener.failed(this, kind, text);
  }
}
