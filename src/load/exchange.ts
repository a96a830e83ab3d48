import type { AnswerListener, Connect, Connection, FailureKind } from './raw-connection.ts';

/** Receives the results of exchanges. */
export interface ExchangeListener {
  wantsBody(exchange: Exchange, status: number): boolean;
  answered(exchange: Exchange, status: number, body: Buffer | undefined): void;
  failed(exchange: Exchange, kind: FailureKind, text: string): void;
}

/** A connection with its current request; reused for one request after another. */
export class Exchange implements AnswerListener {
  readonly #connection: Connection;
  readonly #listener: ExchangeListener;
  /** Index of the request in the rotation. */
  request = 0;
  dueMs = 0;
  /** Whether the request is due in the measured window. */
  isCounted = false;
  idleSinceMs = 0;

  constructor(connect: Connect, listener: ExchangeListener) {
    this.#listener = listener;
    this.#connection = connect(this);
  }

  send(bytes: Buffer): void {
    this.#connection.send(bytes);
  }

  /** Abandons the request in progress without a call of the listener. */
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
