import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that are answered at once. A client that sends more ahead waits: else it could ask for
 * many large answers, read none, and fill the memory.
 */
const MAX_AT_ONCE = 4;
/** When so many wait, no more is read from the connection, until half of them are gone. */
const MAX_WAITING = 32;

/** Requests that wait on all connections. */
export interface WaitingCount {
  waiting: number;
}

/** One connection, and the requests on it that are not answered yet. */
export class Connection {
  readonly socket: Socket;
  readonly responses: ServerResponse[] = [];
  /** It has had a request since it was last looked at. */
  wasUsed = false;
  /** Requests that have come and wait for those before them, from `#first` on. */
  #waiting: (() => void)[] = [];
  #first = 0;
  #isHeld = false;
  readonly #all: WaitingCount;

  constructor(socket: Socket, all: WaitingCount) {
    this.socket = socket;
    this.#all = all;
    // Node goes on reading when it wants the body of a request: what has come already must be answered first.
    socket.on('resume', () => {
      if (this.#isHeld) socket.pause();
    });
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** More wait than one connection may keep waiting; the rest of a chunk that was read comes all the same. */
  get isFlooded(): boolean {
    return this.waiting > MAX_WAITING;
  }

  /** Calls `answer` now, or when enough of those before it are answered. */
  enter(res: ServerResponse, answer: () => void): void {
    this.wasUsed = true;
    this.responses.push(res);
    if (this.responses.length <= MAX_AT_ONCE) {
      answer();
      return;
    }
    this.#waiting.push(answer);
    this.#all.waiting += 1;
    if (this.waiting < MAX_WAITING || this.#isHeld) return;
    this.#isHeld = true;
    this.socket.pause();
  }

  /** A request is answered; the next one that waits has its turn. False where it was not one of these. */
  leave(res: ServerResponse): boolean {
    const index = this.responses.indexOf(res);
    if (index < 0) return false;
    this.responses.splice(index, 1);
    const next = this.#waiting[this.#first];
    if (next === undefined) return true;
    this.#first += 1;
    this.#all.waiting -= 1;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    }
    if (this.#isHeld && this.waiting <= MAX_WAITING / 2) {
      this.#isHeld = false;
      this.socket.resume();
    }
    next();
    return true;
  }

  /** It is closed: what waits is never answered. */
  drop(): void {
    this.#all.waiting -= this.waiting;
    this.#waiting = [];
    this.#first = 0;
    this.#isHeld = false;
  }
}
