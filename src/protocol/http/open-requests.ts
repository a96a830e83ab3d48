import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { refuse } from '../../base/errors.ts';
import { Connection } from './connection.ts';
import { refuseEarly, refuseRaw } from './reply.ts';

/**
 * Requests of all connections that may wait for those before them. A chunk from the network holds thousands of small ones,
 * and all of them come before reading can stop: beyond this the connections that flood are cut.
 */
const MAX_WAITING = 16_384;
/** Connections that a new one looks at, where there is no room, to find one that is idle. */
const MAX_LOOKED_AT = 64;
/** Part of the connections that is kept free by ending idle ones: one in so many. */
const HEADROOM = 64;

/** Why a connection was not kept. */
type NotKept = 'full' | 'idle' | 'flood' | 'system';

/** The connections and the requests whose answers are not out yet, so that a shutdown can wait for the last of them. */
export class OpenRequests {
  readonly refused: Record<NotKept, number> = { full: 0, idle: 0, flood: 0, system: 0 };
  readonly #clock: Clock;
  readonly #mostConnections: number;
  /** Those first that have been seen without a new request for longest. */
  readonly #bySocket = new Map<Socket, Connection>();
  readonly #notKept: (why: NotKept, detail: string) => void;
  #count = 0;
  readonly #all = { waiting: 0 };
  #whenNone: (() => void)[] = [];

  /** `notKept` hears of every connection that the server or the system refuses. */
  constructor(clock: Clock, maxConnections: number, notKept: (why: NotKept, detail: string) => void) {
    this.#clock = clock;
    this.#mostConnections = maxConnections - Math.ceil(maxConnections / HEADROOM);
    this.#notKept = notKept;
  }

  get connections(): number {
    return this.#bySocket.size;
  }

  /** Listens to everything that a server tells of connections. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#opened(socket));
    server.on('drop', () =>
      this.#refuse('full', 'as many connections are open as http.maxConnections allows'),
    );
    server.on('error', (error) => {
      if (server.listening) this.#refuse('system', error.message);
    });
  }

  /** `answer` is called now, or when enough of those before it on the connection have had their answers. */
  enter({ socket }: IncomingMessage, res: ServerResponse, answer: () => void): void {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) return;
    this.#count += 1;
    res.on('close', () => this.#leave(connection, res));
    connection.enter(res, answer);
    if (this.#all.waiting <= MAX_WAITING || !connection.isFlooded || socket.destroyed) return;
    this.#refuse('flood', 'a client sent more requests ahead than can wait');
    socket.destroy();
  }

  /**
   * Ends connections on which no whole request has come. What has come of one is answered with a refusal. To be called when
   * the server is closed: that ends the connections on which nothing has come since the last answer.
   */
  cutIncomplete(): void {
    const draining = refuse('DRAINING', 'the server is shutting down and does not wait for this request');
    for (const { socket, responses } of [...this.#bySocket.values()]) {
      for (const res of [...responses])
        if (!res.req.complete) refuseEarly(this.#clock, res.req, res, draining);
      if (responses.length > 0 || socket.destroyed) continue;
      if (socket.bytesRead > 0) refuseRaw(socket, draining);
      else socket.destroySoon();
    }
  }

  /** Resolves when there is none. */
  async whenNone(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }

  /**
   * An answer that waits behind another on its connection is never told when that closes; here it is. Where there are as
   * many connections as may be, the one that has been idle longest makes room.
   */
  #opened(socket: Socket): void {
    const connection = new Connection(socket, this.#all);
    this.#bySocket.set(socket, connection);
    socket.on('close', () => this.#closed(connection));
    if (this.#bySocket.size > this.#mostConnections) this.#endIdle(connection);
  }

  /** Looks at the oldest first. Each that has been used since it was last looked at is passed over once. */
  #endIdle(newcomer: Connection): void {
    let left = MAX_LOOKED_AT;
    for (const [socket, connection] of this.#bySocket) {
      if (connection === newcomer || left-- === 0) return;
      if (connection.responses.length === 0 && !connection.wasUsed) {
        this.#bySocket.delete(socket);
        this.#refuse('idle', 'the connection that was idle longest was ended for a new one');
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
    connection.drop();
    for (const res of [...connection.responses]) {
      this.#leave(connection, res);
      if (!res.closed) res.emit('close');
    }
  }

  #leave(connection: Connection, res: ServerResponse): void {
    if (!connection.leave(res)) return;
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  #refuse(why: NotKept, detail: string): void {
    this.refused[why] += 1;
    this.#notKept(why, detail);
  }
}
