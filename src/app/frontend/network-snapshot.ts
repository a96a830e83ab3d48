import type { Arrivals } from '../../gateway/arrivals.ts';
import type { BodyBudget } from '../../gateway/body-budget.ts';
import type { NetworkSnapshot } from '../../observe/snapshot/server-snapshot.ts';
import type { OpenRequests } from '../../protocol/http/open-requests.ts';
import { listenOverflows } from './listen-overflows.ts';

/** Holders of bodies that are named; bounded because any number of addresses may send bodies. */
const TOP_HOLDERS = 5;

/** The figures of request bodies and connections now. */
export function networkSnapshot(
  budget: BodyBudget,
  arrivals: Arrivals,
  { connections, refused }: OpenRequests,
): NetworkSnapshot {
  const bodies = {
    ...{ bytes: budget.bytes, count: budget.bodies, holders: budget.top(TOP_HOLDERS) },
    refused: { ...budget.refused, slow: arrivals.tooSlow },
  };
  return { bodies, connections: { count: connections, refused, listenOverflows: listenOverflows() } };
}
