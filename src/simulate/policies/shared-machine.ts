import { type Clock, RANK, type Rank, type Timer } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { VirtualClock } from '../../base/virtual-clock.ts';

/** A machine whose cores the gateway, the replicas and the clients share. Times are of a thread that has a core. */
export interface MachineModel {
  readonly cores: number;
  /** Work of the gateway's thread for a request that is admitted, for one that is refused, and for an answer, in ms. */
  readonly arrivalMs: number;
  readonly refusalMs: number;
  readonly answerMs: number;
  /** Its work to send a batch, and for each of its rows, in ms. */
  readonly batchMs: number;
  readonly rowMs: number;
  /** Threads of clients that are always busy. */
  readonly clientThreads: number;
  /** Durations of batches divided by the usual ones, in the order in which they were recorded. */
  readonly noise: readonly number[];
  /** Pauses of the gateway's thread, in ms, and the mean time between them. */
  readonly stallsMs: readonly number[];
  readonly stallEveryMs: number;
  /** Threads of other programs that are busy at a moment. */
  readonly others: (now: number) => number;
}

/** Consecutive durations that are taken together, because slow batches come in groups. */
const NOISE_RUN = 20;
/** Weight of a turn in the share of time that the gateway's thread is busy. */
const BUSY_RATE = 0.05;

/**
 * The event loop of a gateway on a shared machine. What arrives waits in a socket until the next turn; a turn takes as
 * long as the work in it, and longer where more threads are busy than there are cores.
 */
export class SharedMachine {
  /** The clock as the gateway's thread sees it: it stands still within a turn, and a turn ends after its work. */
  readonly clock: Clock;
  /** How long what is read in this turn has waited, on average, in ms. */
  delayMs = 0;
  readonly #clock: VirtualClock;
  readonly #model: MachineModel;
  readonly #random: Random;
  #inbox: (() => void)[] = [];
  #ending: (() => void)[] = [];
  #isBusy = false;
  #workMs = 0;
  #beganAt = 0;
  #endedAt = Number.NEGATIVE_INFINITY;
  #busyShare = 0;
  #nextStallAt = 0;
  #noiseAt = 0;
  #noiseLeft = 0;
  #computing = 0;

  constructor(clock: VirtualClock, model: MachineModel, random: Random) {
    this.#clock = clock;
    this.#model = model;
    this.#random = random;
    this.clock = {
      now: () => clock.now(),
      at: (dueMs: number, wake: () => void, rank?: Rank): Timer => clock.at(dueMs, wake, rank),
      endOfTurn: (run) => this.#endOfTurn(run),
    };
  }

  /** Lets the gateway handle something in the next turn. */
  post(run: () => void): void {
    this.#inbox.push(run);
    if (!this.#isBusy) this.#clock.at(this.#clock.now(), () => this.#turn(), RANK.arrival);
    this.#isBusy = true;
  }

  /** Work of the gateway's thread in this turn; returns when it is done. */
  work(ms: number): number {
    this.#workMs += ms;
    return this.#clock.now() + this.#workMs * this.#slowness(1 + this.#computing);
  }

  /** Time of a batch that usually takes `usualMs`; call `computed` when it has passed. */
  computeMs(usualMs: number): number {
    const { noise } = this.#model;
    if (this.#noiseLeft === 0) {
      this.#noiseAt = Math.floor(this.#random.unit() * noise.length);
      this.#noiseLeft = NOISE_RUN;
    }
    this.#noiseLeft -= 1;
    this.#noiseAt += 1;
    this.#computing += 1;
    const ratio = noise[this.#noiseAt % noise.length] ?? 1;
    return usualMs * ratio * this.#slowness(this.#computing + this.#busyShare);
  }

  computed(): void {
    this.#computing -= 1;
  }

  #slowness(own: number): number {
    const { cores, clientThreads, others } = this.#model;
    return Math.max(1, (own + clientThreads + others(this.#clock.now())) / cores);
  }

  #endOfTurn(run: () => void): void {
    this.#ending.push(run);
    if (!this.#isBusy) this.post(() => {});
  }

  #turn(): void {
    const now = this.#clock.now();
    this.delayMs = now > this.#endedAt ? 0 : (now - this.#beganAt) / 2;
    if (now > this.#beganAt && Number.isFinite(this.#endedAt)) {
      const share = (this.#endedAt - this.#beganAt) / (now - this.#beganAt);
      this.#busyShare += BUSY_RATE * (share - this.#busyShare);
    }
    this.#beganAt = now;
    this.#workMs = 0;
    const arrived = this.#inbox;
    this.#inbox = [];
    for (const run of arrived) run();
    this.#clock.at(this.work(0) + this.#stallMs(now), () => this.#end(), RANK.completion);
  }

  #end(): void {
    this.#workMs = 0;
    const ending = this.#ending;
    this.#ending = [];
    for (const run of ending) run();
    this.#clock.at(this.work(0), () => this.#over(), RANK.completion);
  }

  #over(): void {
    this.#endedAt = this.#clock.now();
    if (this.#inbox.length > 0 || this.#ending.length > 0) this.#turn();
    else this.#isBusy = false;
  }

  #stallMs(now: number): number {
    const { stallsMs, stallEveryMs } = this.#model;
    if (stallsMs.length === 0 || now < this.#nextStallAt) return 0;
    const isFirst = this.#nextStallAt === 0;
    this.#nextStallAt = now + 2 * stallEveryMs * this.#random.unit();
    return isFirst ? 0 : (stallsMs[Math.floor(this.#random.unit() * stallsMs.length)] ?? 0);
  }
}
