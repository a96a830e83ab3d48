import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that are answered at once. A client that sends more ahead waits: else it could ask for
 * many large answers, read none, and fill the memory.
 */
const MAX_AT_ONCE = 4;

interface Connection {
  readonly responses: Set<ServerResponse>;
  /** Requests that have come and wait for those before them. */
  readonly waiting: (() => void)[];
}

/** Counts the requests whose answers are not out yet, so that a shutdown can wait for the last of them. */
export class OpenRequests {
  readonly #bySocket = new Map<Socket, Connection>();
  #count = 0;
  #waiting: (() => void)[] = [];

  /**
   * To be called for every connection. An answer that waits behind another on its connection is never told when
   * that closes; here it is.
   */
  watch(socket: Socket): void {
    const connection: Connection = { responses: new Set(), waiting: [] };
    this.#bySocket.set(socket, connection);
    socket.on('close', () => {
      this.#bySocket.delete(socket);
      connection.waiting.length = 0;
      for (const res of connection.responses) {
        this.#leave(connection, res);
        if (!res.closed) res.emit('close');
      }
    });
  }

  /** `answer` is called now, or when enough of those before it on the connection have had their answers. */
  enter({ socket }: IncomingMessage, res: ServerResponse, answer: () => void): void {
    const connection = this.#bySocket.get(socket);
    if (connection === undefined) return;
    connection.responses.add(res);
    this.#count += 1;
    res.on('close', () => this.#leave(connection, res));
    if (connection.responses.size <= MAX_AT_ONCE) answer();
    else connection.waiting.push(answer);
  }

  /** Resolves when there is none. */
  async whenNone(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(connection: Connection, res: ServerResponse): void {
    if (!connection.responses.delete(res)) return;
    connection.waiting.shift()?.();
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
