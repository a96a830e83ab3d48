import type { Timer } from '../base/clock.ts';
import { Exchange, type ExchangeListener } from './exchange.ts';
import { checkLoad, type Load, type LoadEnv } from './load.ts';
import type { LoadReport } from './load-report.ts';
import { MeasuredWindow } from './measured-window.ts';
import { Pacer } from './pacer.ts';
import type { FailureKind } from './raw-connection.ts';
import { validityOf } from './run-validity.ts';
import { type Arrivals, arrivalsOf } from './schedule.ts';
import { isSuccess, Tally } from './tally.ts';

/** Resolves once every request has been answered or has failed; rejects only for an invalid load. */
export function runLoad(load: Load, env: LoadEnv): Promise<LoadReport> {
  return new Promise((resolve) => {
    new LoadRun(load, env, resolve).start();
  });
}

/** Servers close idle connections (Node after 5 s), and a request sent at that moment is reset. */
const LONGEST_IDLE_MS = 4000;
/** A refused connection fails at once, so without a pause a closed loop would count only refusals. */
const RECONNECT_PAUSE_MS = 100;
/**
 * After a stall, hundreds of requests are due at once. Opening a connection for each would prolong the stall; one turn
 * later, answers that arrived meanwhile have freed most of the connections needed.
 */
const OPENED_PER_TURN = 4;

class LoadRun implements ExchangeListener {
  readonly #load: Load;
  readonly #env: LoadEnv;
  readonly #finished: (report: LoadReport) => void;
  readonly #arrivals: Arrivals;
  readonly #tally: Tally;
  readonly #pacer: Pacer;
  readonly #window: MeasuredWindow;
  readonly #fromMs: number;
  readonly #untilMs: number;
  readonly #maxConnections: number;
  /** A stack, so that only as many connections as needed stay in use. */
  readonly #free: Exchange[] = [];
  /** In the order of due times, so that the first is the next to time out. */
  readonly #underWay = new Set<Exchange>();
  readonly #windowTimers: Timer[] = [];
  #expiryTimer: Timer | undefined;
  #phase: 'issuing' | 'awaiting answers' | 'over' = 'issuing';
  #sent = 0;
  #connections = 0;
  #openedThisTurn = 0;

  constructor(load: Load, env: LoadEnv, finished: (report: LoadReport) => void) {
    checkLoad(load);
    const startMs = env.now();
    this.#load = load;
    this.#env = env;
    this.#finished = finished;
    this.#arrivals = arrivalsOf(load.schedule, { startMs, rampMs: load.warmupMs / 2 }, env.random);
    this.#tally = new Tally(load.keepsFirstAnswer, load.withinMs);
    this.#pacer = new Pacer(env, () => this.#nextTurn(), load.isFrugal !== true);
    this.#window = new MeasuredWindow(env.now, () => env.cpuMicros() / 1000 - this.#pacer.idleMs);
    this.#fromMs = startMs + load.warmupMs;
    this.#untilMs = this.#fromMs + (load.durationMs ?? Number.POSITIVE_INFINITY);
    this.#maxConnections = load.schedule.kind === 'closed' ? load.schedule.concurrency : load.maxConnections;
  }

  start(): void {
    const { clock } = this.#env;
    this.#windowTimers.push(clock.at(this.#fromMs, () => this.#window.open()));
    if (this.#untilMs < Number.POSITIVE_INFINITY) {
      this.#windowTimers.push(clock.at(this.#untilMs, () => this.#endWindow()));
    }
    this.#issue();
    this.#expire();
  }

  wantsBody(exchange: Exchange, status: number): boolean {
    return exchange.isCounted && this.#tally.wantsBody(status);
  }

  answered(exchange: Exchange, status: number, body: Buffer | undefined): void {
    const nowMs = this.#env.now();
    if (isSuccess(status)) this.#window.succeeded();
    if (exchange.isCounted) this.#tally.answered(exchange.request, status, nowMs - exchange.dueMs, body);
    this.#release(exchange, nowMs);
  }

  failed(exchange: Exchange, kind: FailureKind, text: string): void {
    const nowMs = this.#env.now();
    if (exchange.isCounted) this.#tally.failed(kind, text);
    if (kind === 'connect') {
      this.#underWay.delete(exchange);
      this.#env.clock.at(nowMs + RECONNECT_PAUSE_MS, () => this.#release(exchange, nowMs));
      this.#finishIfDone();
    } else {
      this.#release(exchange, nowMs);
    }
  }

  /** Requests that are still in progress count, but not for the rate. */
  #endWindow(): void {
    this.#window.close();
    this.#issue();
  }

  #release(exchange: Exchange, nowMs: number): void {
    this.#pacer.worked();
    this.#underWay.delete(exchange);
    exchange.idleSinceMs = nowMs;
    this.#free.push(exchange);
    this.#issue();
  }

  #nextTurn(): void {
    this.#openedThisTurn = 0;
    this.#issue();
  }

  /** Sends all due requests; called again when the next is due or a connection becomes free. */
  #issue(): void {
    while (this.#phase === 'issuing') {
      const nowMs = this.#env.now();
      const dueMs = this.#arrivals.nextDueMs(nowMs);
      if (Math.min(nowMs, dueMs) >= this.#untilMs) {
        this.#phase = 'awaiting answers';
      } else if (dueMs > nowMs) {
        this.#pacer.wakeAt(Math.min(dueMs, this.#untilMs));
        return;
      } else if (this.#free.length > 0 || this.#mayOpen()) {
        this.#send(dueMs, nowMs);
      } else {
        return;
      }
    }
    this.#finishIfDone();
  }

  #mayOpen(): boolean {
    if (this.#connections === this.#maxConnections) return false;
    if (this.#openedThisTurn < OPENED_PER_TURN) return true;
    this.#pacer.wakeAt(this.#env.now());
    return false;
  }

  #send(dueMs: number, nowMs: number): void {
    const exchange = this.#free.pop() ?? this.#open();
    if (nowMs - exchange.idleSinceMs > LONGEST_IDLE_MS) exchange.hangUp();
    exchange.request = this.#sent++ % this.#load.requests.length;
    exchange.dueMs = dueMs;
    exchange.isCounted = this.#take(dueMs);
    if (exchange.isCounted) this.#tally.sent(nowMs - dueMs);
    this.#underWay.add(exchange);
    exchange.send(this.#load.requests[exchange.request] as Buffer);
  }

  #open(): Exchange {
    this.#connections += 1;
    this.#openedThisTurn += 1;
    return new Exchange(this.#env.connect, this);
  }

  /** Takes the next request from the schedule; returns whether it counts. */
  #take(dueMs: number): boolean {
    this.#arrivals.take();
    if (dueMs < this.#fromMs) return false;
    this.#window.open();
    this.#tally.due();
    if (this.#tally.requests === this.#load.requestCount) this.#phase = 'awaiting answers';
    return true;
  }

  /** Fails all requests past their timeout, sent or not, and schedules itself for the next one. */
  #expire(): void {
    const { timeoutMs } = this.#load;
    const nowMs = this.#env.now();
    while (this.#phase === 'issuing') {
      const dueMs = this.#arrivals.nextDueMs(nowMs);
      if (dueMs >= this.#untilMs || dueMs + timeoutMs > nowMs) break;
      if (this.#take(dueMs))
        this.#tally.failed('timeout', `no connection became free within ${timeoutMs} ms`);
    }
    for (const exchange of this.#underWay) {
      if (exchange.dueMs + timeoutMs > nowMs) break;
      exchange.hangUp();
      this.failed(exchange, 'timeout', `no answer within ${timeoutMs} ms`);
    }
    this.#issue();
    if (this.#phase === 'over') return;
    const [oldest] = this.#underWay;
    const nextDueMs = oldest?.dueMs ?? this.#arrivals.nextDueMs(nowMs);
    this.#expiryTimer = this.#env.clock.at(nextDueMs + timeoutMs, () => this.#expire());
  }

  #finishIfDone(): void {
    if (this.#phase !== 'awaiting answers' || this.#underWay.size > 0) return;
    this.#phase = 'over';
    for (const timer of this.#windowTimers) timer.cancel();
    this.#expiryTimer?.cancel();
    this.#window.close();
    for (const exchange of this.#free) exchange.hangUp();
    this.#finished(this.#report());
  }

  #report(): LoadReport {
    const { schedule } = this.#load;
    const counts = this.#tally.summary();
    const measured = this.#window.summary();
    const result = validityOf({
      schedule,
      cpuShare: measured.cpuShare,
      issueDelayP99Ms: counts.issueDelayP99Ms,
      usedAllConnections: this.#connections === this.#maxConnections,
    });
    return { schedule, connections: this.#connections, ...counts, ...measured, ...result };
  }
}
