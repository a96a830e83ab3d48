import type { Entry } from '../../work/entry.ts';

/**
 * Equal requests in progress at the same time run once: the first is the leader, the others wait with it. When the
 * leader leaves, the first of the others takes its place.
 */
export class SingleFlight {
  readonly #leaders = new Map<string, Entry>();

  /** Whether the entry waits with an equal one in progress; otherwise it becomes the leader. */
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

  /** The entry is settled: returns the entries that waited with it, which now stand on their own. */
  ended(entry: Entry): readonly Entry[] {
    this.#forget(entry);
    const { followers = [] } = entry;
    entry.followers = undefined;
    for (const follower of followers) follower.leader = undefined;
    return followers;
  }

  /** The entry's caller has left: returns the next leader, with the others behind it; undefined if there is none. */
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

/** An entry does not join one that is settled or has failed before, nor one of lower priority. */
function mayJoin(leader: Entry, entry: Entry): boolean {
  const isWell = !leader.isSettled && !leader.hasSetbacks && leader.failedAt === undefined;
  return isWell && leader.priority >= entry.priority;
}
