import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Counts the requests whose answers are not out yet, so that a shutdown can wait for the last of them. */
export class OpenRequests {
  readonly #bySocket = new Map<Socket, Set<ServerResponse>>();
  #count = 0;
  #waiting: (() => void)[] = [];

  /**
   * To be called for every connection. An answer that waits behind another on its connection is never told when
   * that closes; here it is.
   */
  watch(socket: Socket): void {
    const responses = new Set<ServerResponse>();
    this.#bySocket.set(socket, responses);
    socket.on('close', () => {
      this.#bySocket.delete(socket);
      for (const res of responses) {
        this.#leave(responses, res);
        if (!res.closed) res.emit('close');
      }
    });
  }

  enter({ socket }: IncomingMessage, res: ServerResponse): void {
    const responses = this.#bySocket.get(socket);
    if (responses === undefined) return;
    responses.add(res);
    this.#count += 1;
    res.on('close', () => this.#leave(responses, res));
  }

  /** Resolves when there is none. */
  async whenNone(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(responses: Set<ServerResponse>, res: ServerResponse): void {
    if (!responses.delete(res)) return;
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
