import type { Arrivals } from '../gateway/arrivals.ts';
import type { BodyBudget } from '../gateway/body-budget.ts';
import type { BodiesView, ConnectionsView } from '../observe/metrics/metrics.ts';
import type { OpenRequests } from '../protocol/http/open-requests.ts';

/** Holders of bodies that metrics name; bounded because any number of addresses may send bodies. */
const TOP_HOLDERS = 5;

/** The figures of request bodies for metrics. */
export function bodiesView(budget: BodyBudget, arrivals: Arrivals): BodiesView {
  return {
    bytes: () => budget.bytes,
    count: () => budget.bodies,
    refused: () => ({ ...budget.refused, slow: arrivals.tooSlow }),
    holders: () => budget.top(TOP_HOLDERS),
  };
}

/** The figures of connections for metrics. */
export function connectionsView(open: OpenRequests): ConnectionsView {
  return { count: () => open.connections, refused: () => open.refused };
}
