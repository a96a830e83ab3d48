import type { ReplicaId } from '../../replica/replica.ts';
import type { ReplicaView, Roster } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import { RequestWork, type RequestWorkOwner } from '../dispatch/request-work.ts';
import { type DispatchFacts, offer, type RecoverySource, type WorkOffer } from '../dispatch/work-source.ts';

/**
 * Requests that may have ended a replica run one after the other, each alone on a replica that is set apart. The
 * innocent are answered; if that replica ends as well, there is no doubt who did it.
 */
export class IsolationSource implements RecoverySource {
  readonly #roster: Roster;
  readonly #owner: RequestWorkOwner;
  readonly #wake: () => void;
  #suspects: Entry[] = [];
  #running: Entry | undefined;
  #cell: ReplicaId | undefined;

  constructor(roster: Roster, owner: RequestWorkOwner, wake: () => void) {
    this.#roster = roster;
    this.#owner = owner;
    this.#wake = wake;
  }

  /** Suspects that wait. */
  get waiting(): number {
    return this.#suspects.length;
  }

  /** Those that have made way for others before do so again. */
  add(suspects: readonly Entry[]): void {
    this.#suspects.push(...suspects);
    const hasMadeWay = (entry: Entry) => entry.hasSetbacks && entry.setbacks.madeWay > 0;
    const isFirst = (entry: Entry) => !hasMadeWay(entry);
    this.#suspects = [...this.#suspects.filter(isFirst), ...this.#suspects.filter(hasMadeWay)];
  }

  /** Whether a suspect that runs should take no longer than usual: others wait, and it can be tried again. */
  mustMakeWay(suspect: Entry): boolean {
    const isFirstTime = !suspect.hasSetbacks || suspect.setbacks.madeWay === 0;
    return isFirstTime && !suspect.isSettled && this.#suspects.some(({ isSettled }) => !isSettled);
  }

  /** The suspect's run is over, however it went. */
  ended(suspect: Entry): void {
    if (this.#running === suspect) this.#running = undefined;
  }

  peek(facts: DispatchFacts): WorkOffer | undefined {
    if (this.#suspects.length === 0 && this.#cell === undefined) return undefined;
    this.#suspects = this.#suspects.filter((suspect) => !suspect.isSettled);
    if (this.#running !== undefined) return undefined;
    const [suspect] = this.#suspects;
    if (suspect === undefined) {
      this.#release();
      return undefined;
    }
    const cell = this.#choose(facts);
    if (cell === undefined || cell.running > 0 || !facts.free.includes(cell)) return undefined;
    return offer({
      rows: suspect.rows,
      lane: suspect.lane,
      pin: cell.id,
      isAlone: true,
      take: () => {
        this.#suspects.shift();
        this.#running = suspect;
        return new RequestWork([suspect], 'isolation', facts.now, this.#owner);
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

  /** The replica set apart; when there is none, the least busy of those that serve. */
  #choose({ all }: DispatchFacts): ReplicaView | undefined {
    const current = all.find(({ id }) => id === this.#cell);
    if (current !== undefined) return current;
    const serving = all.filter(({ healthStatus }) => healthStatus === 'ready' || healthStatus === 'degraded');
    const chosen = serving.reduce<ReplicaView | undefined>(
      (least, each) => (least === undefined || each.running < least.running ? each : least),
      undefined,
    );
    this.#cell = chosen?.id;
    if (chosen !== undefined) this.#roster.setApart(chosen.id, true);
    return chosen;
  }

  /** The replica is to get nothing more; suspects go elsewhere. */
  leave(id: ReplicaId): void {
    if (this.#cell === id) this.#release();
  }

  #release(): void {
    if (this.#cell === undefined) return;
    this.#roster.setApart(this.#cell, false);
    this.#cell = undefined;
    // It may take callers' work again, which whoever is asked after this source does not know yet.
    this.#wake();
  }
}
