import type { Arrivals } from '../gateway/arrivals.ts';
import type { BodyBudget } from '../gateway/body-budget.ts';
import type { BodiesView, ConnectionsView } from '../observe/metrics/metrics.ts';
import type { OpenRequests } from '../protocol/http/open-requests.ts';

/** Holders of bodies that metrics name: any number of addresses may send some. */
const TOP_HOLDERS = 5;

/** What metrics tell of bodies. */
export function bodiesView(budget: BodyBudget, arrivals: Arrivals): BodiesView {
  return {
    bytes: () => budget.bytes,
    count: () => budget.bodies,
    refused: () => ({ ...budget.refused, slow: arrivals.tooSlow }),
    holders: () => budget.top(TOP_HOLDERS),
  };
}

/** What metrics tell of connections. */
export function connectionsView(open: OpenRequests): ConnectionsView {
  return { count: () => open.connections, refused: () => open.refused };
}
