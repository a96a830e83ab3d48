import type { Socket } from 'node:net';
import type { Refusal } from '../../base/errors.ts';
import type { HttpAnswer } from '../http/http-exchange.ts';
import { refusalAnswer } from '../http/reply.ts';
import { AnswerHeads, answerHead, fieldLines, headEnd, joined } from './answer-head.ts';
import { FastConnection } from './fast-connection.ts';
import type { Lane, LaneConnection, LanePorts, LaneTimes } from './lane-ports.ts';
import type { PlainHead } from './plain-head.ts';

/**
 * A reader of HTTP for the one plain case, because Node's costs more than all the rest of a request. It understands less
 * than Node's on purpose: at the first request that is anything else, a connection goes to Node's reader with all its
 * bytes, and stays there.
 */
export class FastLane implements Lane {
  readonly times: LaneTimes;
  readonly ports: LanePorts;
  lastHead: PlainHead | undefined;
  readonly #connections = new Set<LaneConnection>();
  readonly #leaving: (() => void)[] = [];
  /** Answers of this second. */
  readonly #prepared = new Map<Refusal, Buffer>();
  readonly #heads = new AnswerHeads();
  #keptEnd = '';
  #lastEnd = '';
  #secondEndsAt = Number.NEGATIVE_INFINITY;

  constructor(times: LaneTimes, ports: LanePorts) {
    this.times = times;
    this.ports = ports;
  }

  /** Reads a new connection. */
  take(socket: Socket): void {
    this.#connections.add(new FastConnection(this, socket));
  }

  forget(connection: LaneConnection): void {
    this.#connections.delete(connection);
  }

  /**
   * One connection a turn: Node parses all that has been read of it at once, and pipelined requests of many connections
   * end together when they share a batch.
   */
  leaveLater(leave: () => void): void {
    this.#leaving.push(leave);
    if (this.#leaving.length === 1) this.#leaveNext();
  }

  /** Closes the connections that wait for a request. */
  closeIdle(): void {
    for (const connection of this.#connections) if (connection.isIdle) connection.destroy();
  }

  closeAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #leaveNext(): void {
    this.ports.clock.endOfTurn(() => {
      const leave = this.#leaving[0];
      try {
        leave?.();
      } finally {
        this.#leaving.shift();
        if (this.#leaving.length > 0) this.#leaveNext();
      }
    });
  }

  preparedAnswer(refusal: Refusal): Buffer {
    const end = this.headEnd(false);
    let answer = this.#prepared.get(refusal);
    if (answer === undefined) {
      const { status, fields, bytes } = refusalAnswer(refusal);
      answer = joined(answerHead(status, fieldLines(fields), end), [bytes], bytes.byteLength);
      this.#prepared.set(refusal, answer);
    }
    return answer;
  }

  headOf(fields: string, answer: HttpAnswer): string {
    return this.#heads.of(fields, answer, this.headEnd(false));
  }

  headEnd(isLast: boolean): string {
    const now = this.ports.clock.now();
    if (now >= this.#secondEndsAt) this.#beginSecond(now);
    return isLast ? this.#lastEnd : this.#keptEnd;
  }

  #beginSecond(now: number): void {
    const wallMs = this.ports.wallMs(now);
    const date = new Date(wallMs).toUTCString();
    this.#keptEnd = headEnd(date, this.times.keepAliveTimeoutMs);
    this.#lastEnd = headEnd(date, undefined);
    this.#secondEndsAt = now + 1_000 - (wallMs % 1_000);
    this.#prepared.clear();
  }
}
