import type { Socket } from 'node:net';
import type { Refusal } from '../../base/errors.ts';
import { refusalAnswer } from '../http/reply.ts';
import { answerHead, fieldLines, joined } from './answer-head.ts';
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
  #date = '';
  #dateUntil = Number.NEGATIVE_INFINITY;

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
    const date = this.date();
    let answer = this.#prepared.get(refusal);
    if (answer === undefined) {
      const { status, fields, bytes } = refusalAnswer(refusal);
      const { keepAliveTimeoutMs } = this.times;
      const head = answerHead(status, fieldLines(fields), { date, keepAliveTimeoutMs, isLast: false });
      answer = joined(head, [bytes], bytes.byteLength);
      this.#prepared.set(refusal, answer);
    }
    return answer;
  }

  /** As a Date field has it. */
  date(): string {
    const now = this.ports.clock.now();
    if (now >= this.#dateUntil) {
      const wallMs = this.ports.wallMs(now);
      this.#date = new Date(wallMs).toUTCString();
      this.#dateUntil = now + 1_000 - (wallMs % 1_000);
      this.#prepared.clear();
    }
    return this.#date;
  }
}
