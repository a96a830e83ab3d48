import { Entry, type EntryFacts } from '../../src/work/entry.ts';

const REQUEST = { id: '', inputs: [], parameters: {}, timeoutMs: undefined, priority: 0 };
const OWNER = { settled() {} };

/** An entry without a caller, with the given fields. */
export function entryWith(facts: Partial<EntryFacts> & { readonly id: number }): Entry {
  const receivedAt = facts.receivedAt ?? facts.id;
  const priority = facts.priority ?? 2;
  return new Entry(
    {
      ...{ request: REQUEST, lane: '', rows: 1, bytes: 1, receivedAt, priority },
      ...{ deadline: receivedAt + 1e6, dueBy: receivedAt + 1e6, rank: receivedAt - 1000 * priority },
      ...{ tenant: { name: '', weight: 1 }, contentKey: undefined, isExplained: false },
      ...facts,
    },
    OWNER,
    () => {},
  );
}
