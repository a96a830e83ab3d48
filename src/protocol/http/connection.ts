import type { Socket } from 'node:net';
import type { OpenRequest } from './http-exchange.ts';

/**
 * Requests of one connection that are handled at the same time. Further pipelined requests wait: otherwise a client
 * could request many large answers, read none, and fill the memory.
 */
const MAX_AT_ONCE = 4;
/** When this many requests wait, the connection is paused until half of them have started. */
const MAX_WAITING = 32;

/** The number of requests that wait on all connections. */
export interface WaitingCount {
  waiting: number;
}

/** One connection and its unanswered requests. */
export class Connection {
  readonly socket: Socket;
  readonly unanswered: OpenRequest[] = [];
  /** Whether it has had a request since the last check for idle connections. */
  wasUsed = false;
  /** Requests that wait for earlier ones, from index `#first` on. */
  #waiting: (() => void)[] = [];
  #first = 0;
  #isHeld = false;
  readonly #all: WaitingCount;

  constructor(socket: Socket, all: WaitingCount) {
    this.socket = socket;
    this.#all = all;
    // Node resumes the socket to read the body of a request; the requests that have arrived must be answered first.
    socket.on('resume', () => {
      if (this.#isHeld) socket.pause();
    });
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** Whether more requests wait than allowed: the rest of a chunk that was read still arrives after the pause. */
  get isFlooded(): boolean {
    return this.waiting > MAX_WAITING;
  }

  /** Calls `answer` now, or when enough earlier requests are answered. */
  enter(request: OpenRequest, answer: () => void): void {
    this.wasUsed = true;
    this.unanswered.push(request);
    if (this.unanswered.length <= MAX_AT_ONCE) {
      answer();
      return;
    }
    this.#waiting.push(answer);
    this.#all.waiting += 1;
    if (this.waiting < MAX_WAITING || this.#isHeld) return;
    this.#isHeld = true;
    this.socket.pause();
  }

  /** Removes an answered request and starts the next waiting one. Returns false when it is not of this connection. */
  leave(request: OpenRequest): boolean {
    const index = this.unanswered.indexOf(request);
    if (index < 0) return false;
    if (index === this.unanswered.length - 1) this.unanswered.pop();
    else this.unanswered.splice(index, 1);
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

  /** The connection is closed: discards what waits, and returns the requests that get no answer. */
  drop(): readonly OpenRequest[] {
    this.#all.waiting -= this.waiting;
    this.#waiting = [];
    this.#first = 0;
    this.#isHeld = false;
    // All at once: a connection may have thousands, and each that is removed alone moves those behind it.
    return this.unanswered.splice(0);
  }
}
