import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { refuse } from '../../base/errors.ts';
import { Connection } from './connection.ts';
import type { OpenRequest } from './http-exchange.ts';
import { refuseRaw } from './reply.ts';

/**
 * Requests of all connections that may wait for earlier ones. A network chunk can hold thousands of small requests, all
 * of which arrive before the connection can be paused: beyond this bound, flooded connections are closed.
 */
const MAX_WAITING = 16_384;
/** Connections that are checked for an idle one when a new connection has no room. */
const MAX_LOOKED_AT = 64;
/** One in this many connections is kept free by closing idle ones. */
const HEADROOM = 64;

/** Why a connection was refused or closed. */
type NotKept = 'full' | 'idle' | 'flood' | 'system';

/** The open connections and their unanswered requests, so that a shutdown can wait for the last answer. */
export class OpenRequests {
  readonly refused: Record<NotKept, number> = { full: 0, idle: 0, flood: 0, system: 0 };
  readonly #mostConnections: number;
  /** In the order of the last check, the longest idle first. */
  readonly #bySocket = new Map<Socket, Connection>();
  readonly #notKept: (why: NotKept, detail: string) => void;
  #count = 0;
  readonly #all = { waiting: 0 };
  #whenNone: (() => void)[] = [];

  /** `notKept` is called for every connection that the server or the system refuses or closes. */
  constructor(maxConnections: number, notKept: (why: NotKept, detail: string) => void) {
    this.#mostConnections = maxConnections - Math.ceil(maxConnections / HEADROOM);
    this.#notKept = notKept;
  }

  get connections(): number {
    return this.#bySocket.size;
  }

  /** Listens to the events of a server about connections that it does not keep. */
  watch(server: Server): void {
    server.on('drop', () => this.#refuse('full', 'the limit http.maxConnections is reached'));
    server.on('error', (error) => {
      if (server.listening) this.#refuse('system', error.message);
    });
  }

  /** Calls `answer` now, or when enough earlier requests of the connection are answered. */
  enter(socket: Socket, request: OpenRequest, answer: () => void): void {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) return;
    this.#count += 1;
    connection.enter(request, answer);
    if (this.#all.waiting <= MAX_WAITING || !connection.isFlooded || socket.destroyed) return;
    this.#refuse('flood', 'a client pipelined more requests than may wait');
    socket.destroy();
  }

  /**
   * Closes connections without a complete request, and refuses incomplete requests. Call it after the server is closed,
   * which closes the connections that are idle since their last answer.
   */
  cutIncomplete(): void {
    const draining = refuse('DRAINING', 'the server is shutting down and does not wait for this request');
    for (const { socket, unanswered } of [...this.#bySocket.values()]) {
      for (const request of [...unanswered]) if (!request.isComplete) request.refuseEarly(draining);
      if (unanswered.length > 0 || socket.destroyed) continue;
      if (socket.bytesRead > 0) refuseRaw(socket, draining);
      else socket.destroySoon();
    }
  }

  /** Resolves when no request is unanswered. */
  async whenNone(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }

  /** The request is answered, or its client has disconnected. Idempotent. */
  leave(socket: Socket, request: OpenRequest): void {
    const connection = this.#bySocket.get(socket);
    if (connection?.leave(request) === true) this.#left(1);
  }

  /** Counts a new connection. At the limit of connections, the one that has been idle for longest is closed. */
  opened(socket: Socket): void {
    const connection = new Connection(socket, this.#all);
    this.#bySocket.set(socket, connection);
    socket.on('close', () => this.#closed(connection));
    if (this.#bySocket.size > this.#mostConnections) this.#endIdle(connection);
  }

  /** Checks the longest idle first. A connection that was used since its last check is skipped once. */
  #endIdle(newcomer: Connection): void {
    let left = MAX_LOOKED_AT;
    for (const [socket, connection] of this.#bySocket) {
      if (connection === newcomer || left-- === 0) return;
      if (connection.unanswered.length === 0 && !connection.wasUsed) {
        this.#bySocket.delete(socket);
        this.#refuse('idle', 'the connection that was idle for longest was closed for a new one');
        socket.destroy();
        return;
      }
      connection.wasUsed = false;
      this.#bySocket.delete(socket);
      this.#bySocket.set(socket, connection);
    }
  }

  #closed(connection: Connection): void {
    this.#bySocket.delete(connection.socket);
    const lost = connection.drop();
    this.#left(lost.length);
    for (const request of lost) request.lose();
  }

  #left(requests: number): void {
    this.#count -= requests;
    if (this.#count > 0) return;
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  #refuse(why: NotKept, detail: string): void {
    this.refused[why] += 1;
    this.#notKept(why, detail);
  }
}
