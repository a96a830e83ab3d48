import type { ReplicaId } from '../../replica/replica.ts';
import type { ReplicaView, Roster } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import { RequestWork, type RequestWorkOwner } from '../dispatch/request-work.ts';
import { type DispatchFacts, offer, type RecoverySource, type WorkOffer } from '../dispatch/work-source.ts';

/**
 * Requests that may have ended a replica (suspects) run one after the other, each alone on a replica that is set apart.
 * Those that pass are answered; if that replica ends too, the request is proved to be the cause.
 */
export class IsolationSource implements RecoverySource {
  readonly #roster: Roster;
  readonly #owner: RequestWorkOwner;
  readonly #wake: () => void;
  #suspects: Entry[] = [];
  #running: Entry | undefined;
  #apart: ReplicaId | undefined;

  constructor(roster: Roster, owner: RequestWorkOwner, wake: () => void) {
    this.#roster = roster;
    this.#owner = owner;
    this.#wake = wake;
  }

  /** Number of waiting suspects. */
  get waiting(): number {
    return this.#suspects.length;
  }

  /** Suspects that have made way for others before are queued last. */
  add(suspects: readonly Entry[]): void {
    this.#suspects.push(...suspects);
    const hasMadeWay = (entry: Entry) => entry.hasSetbacks && entry.setbacks.madeWay > 0;
    const isFirst = (entry: Entry) => !hasMadeWay(entry);
    this.#suspects = [...this.#suspects.filter(isFirst), ...this.#suspects.filter(hasMadeWay)];
  }

  /** Whether a running suspect is limited to the usual time: others wait, and it can be retried once. */
  mustMakeWay(suspect: Entry): boolean {
    const isFirstTime = !suspect.hasSetbacks || suspect.setbacks.madeWay === 0;
    return isFirstTime && !suspect.isSettled && this.#suspects.some(({ isSettled }) => !isSettled);
  }

  /** To be called when the suspect's run has ended, with any outcome. */
  ended(suspect: Entry): void {
    if (this.#running === suspect) this.#running = undefined;
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#suspects.length === 0 && this.#apart === undefined) return undefined;
    this.#suspects = this.#suspects.filter((suspect) => !suspect.isSettled);
    if (this.#running !== undefined) return undefined;
    const [suspect] = this.#suspects;
    if (suspect === undefined) {
      this.#release();
      return undefined;
    }
    const replica = this.#choose(facts);
    if (replica === undefined || replica.running > 0 || !facts.free.includes(replica)) return undefined;
    return offer({
      rows: suspect.rows,
      lane: suspect.lane,
      pin: replica.id,
      isAlone: true,
      take: () => {
        this.#suspects.shift();
        this.#running = suspect;
        return new RequestWork([suspect], 'isolation', { now: facts.now, owner: this.#owner });
      },
    });
  }

  list(): readonly Entry[] {
    return this.#suspects;
  }

  takeAll(): Entry[] {
    this.#release();
    return this.#suspects.splice(0);
  }

  /** The replica set apart; when there is none, sets apart the least busy serving one. */
  #choose({ all }: DispatchFacts): ReplicaView | undefined {
    const current = all.find(({ id }) => id === this.#apart);
    if (current !== undefined) return current;
    const serving = all.filter(({ healthStatus }) => healthStatus === 'ready' || healthStatus === 'degraded');
    const chosen = serving.reduce<ReplicaView | undefined>(
      (least, each) => (least === undefined || each.running < least.running ? each : least),
      undefined,
    );
    this.#apart = chosen?.id;
    if (chosen !== undefined) this.#roster.setApart(chosen.id, true);
    return chosen;
  }

  /** The replica gets no more work; suspects run on another one. */
  withdraw(id: ReplicaId): void {
    if (this.#apart === id) this.#release();
  }

  #release(): void {
    if (this.#apart === undefined) return;
    this.#roster.setApart(this.#apart, false);
    this.#apart = undefined;
    // The replica may run callers' work again, which the sources polled after this one do not know yet.
    this.#wake();
  }
}
