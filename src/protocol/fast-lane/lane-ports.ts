import type { Socket } from 'node:net';
import type { LoopClock } from '../../base/clock.ts';
import type { Refusal } from '../../base/errors.ts';
import type { HttpAnswer } from '../http/http-exchange.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import type { FastExchange } from './fast-exchange.ts';
import type { PlainHead } from './plain-head.ts';

/** Timeouts of connections, in ms. */
export interface LaneTimes {
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly writeStallMs: number;
}

/** Dependencies of the fast lane. */
export interface LanePorts {
  readonly clock: LoopClock;
  readonly open: OpenRequests;
  /** Wall-clock time of a moment of the clock. */
  readonly wallMs: (at: number) => number;
  readonly handle: (exchange: FastExchange) => void;
  /** Leaves a connection to Node's reader. */
  readonly leaveToNode: (socket: Socket) => void;
}

/** A connection as the lane sees it. */
export interface LaneConnection {
  /** Waits for a request. */
  readonly isIdle: boolean;
  destroy(): void;
}

/** What all connections of the fast lane share. */
export interface Lane {
  readonly times: LaneTimes;
  readonly ports: LanePorts;
  /** The last head that was read. Clients repeat theirs, so it is compared before it is parsed. */
  lastHead: PlainHead | undefined;
  /** The head of a successful answer, after which the connection is kept; `fields` are those beside the body's. */
  headOf(fields: string, answer: HttpAnswer): string;
  /** The end of an answer's head at the present time; `isLast` when the connection is closed after the answer. */
  headEnd(isLast: boolean): string;
  /** The bytes that answer a prepared refusal. */
  preparedAnswer(refusal: Refusal): Buffer;
  /** Calls `leave` in a turn of its own. */
  leaveLater(leave: () => void): void;
  /** The connection is closed, or left to Node. */
  forget(connection: LaneConnection): void;
}
