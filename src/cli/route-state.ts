import { askAdmin } from './ask-admin.ts';
import { EXIT } from './exit-codes.ts';
import { type RouteState, routeLine, routeTable } from './route-table.ts';

/** Options of the commands about the state of a route. */
export interface RouteStateFlags {
  readonly url: string;
  readonly variant?: string;
}

/** Prints the canary or the experiment of a route; exits with code 3 where it has none. */
export async function printRouteState(name: string, { url }: RouteStateFlags): Promise<void> {
  const lines = routeTable(
    await askAdmin<RouteState>(url, 'GET', `/admin/routes/${encodeURIComponent(name)}`),
  );
  if (lines.length === 0) {
    console.error(`galley: '${name}' has neither a canary nor an experiment`);
    process.exit(EXIT.refused);
  }
  for (const line of lines) console.log(line);
}

/** Commands a route, and prints what is so now. */
export async function commandRoute(
  name: string,
  action: 'promote' | 'rollback' | 'pause' | 'resume',
  { url, variant }: RouteStateFlags,
): Promise<void> {
  const query = variant === undefined ? '' : `?${new URLSearchParams({ variant })}`;
  const path = `/admin/routes/${encodeURIComponent(name)}/${action}${query}`;
  console.log(routeLine(await askAdmin<RouteState>(url, 'POST', path)));
}
