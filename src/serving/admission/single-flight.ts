import type { Entry } from '../../work/entry.ts';

/**
 * Requests that ask the same thing at the same time run once: the first leads, the others wait with it. When the
 * leader goes, the first of the others takes its place.
 */
export class SingleFlight {
  readonly #leaders = new Map<string, Entry>();

  /** Whether the entry waits with one that is under way; else it leads from now on. */
  join(entry: Entry): boolean {
    const { contentKey } = entry;
    if (contentKey === undefined) return false;
    const leader = this.#leaders.get(contentKey);
    if (leader === undefined || !mayJoin(leader, entry)) {
      this.#leaders.set(contentKey, entry);
      return false;
    }
    leader.followers ??= [];
    leader.followers.push(entry);
    entry.leader = leader;
    return true;
  }

  /** The entry is settled: who waited with it, now on their own. */
  ended(entry: Entry): readonly Entry[] {
    this.#forget(entry);
    const { followers = [] } = entry;
    entry.followers = undefined;
    for (const follower of followers) follower.leader = undefined;
    return followers;
  }

  /** The entry's caller has left: whoever leads in its place, with all the others behind; undefined if nobody does. */
  left(entry: Entry): Entry | undefined {
    const { leader } = entry;
    if (leader !== undefined) {
      leader.followers = leader.followers?.filter((other) => other !== entry);
      entry.leader = undefined;
      return undefined;
    }
    const [next, ...others] = this.ended(entry);
    if (next === undefined) return undefined;
    next.followers = others;
    for (const other of others) other.leader = next;
    if (next.contentKey !== undefined) this.#leaders.set(next.contentKey, next);
    return next;
  }

  #forget(entry: Entry): void {
    const { contentKey } = entry;
    if (contentKey !== undefined && this.#leaders.get(contentKey) === entry) this.#leaders.delete(contentKey);
  }
}

/** Not with one that is over or has failed before, nor behind one that is less urgent. */
function mayJoin(leader: Entry, entry: Entry): boolean {
  const isWell = !leader.isSettled && !leader.hasSetbacks && leader.failedAt === undefined;
  return isWell && leader.priority >= entry.priority;
}
