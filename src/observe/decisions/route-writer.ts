import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import type { Event } from '../../base/event.ts';
import type { FactsByKind } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';

/** A call through a route was answered. */
export interface RoutedNotice {
  readonly route: string;
  readonly request: string;
  readonly rule: number;
  readonly variant: string;
  readonly isSticky: boolean;
  readonly attempts: FactsByKind['route']['attempts'];
  readonly servedBy: string;
}

/** A canary or an experiment of a route has changed. */
export interface RouteChangeNotice {
  readonly route: string;
  readonly subject: string;
  readonly change: {
    readonly action: string;
    readonly share?: number;
    readonly winner?: string | undefined;
    readonly because: string;
  };
}

/** The routes to write about. */
export interface RouteEvents {
  readonly routed: Pick<Event<RoutedNotice>, 'on'>;
  readonly changed: Pick<Event<RouteChangeNotice>, 'on'>;
}

/**
 * Calls that the first target answers are logged at most so often, in ms: to keep thousands a second costs more than to
 * route them. The recorder has all.
 */
const PLAIN_EVERY_MS = 10;

/** Writes what routes decide into the decision log, and changes of canaries and experiments also into the event log. */
export function writeRoutes(
  log: DecisionLog,
  { clock, events }: { readonly clock: Clock; readonly events: Logger },
  { routed, changed }: RouteEvents,
): void {
  const none = { version: '', replica: '' };
  let plainAt = Number.NEGATIVE_INFINITY;
  routed.on((facts) => {
    const isPlain = facts.attempts.length === 1 && facts.servedBy !== '';
    if (isPlain) {
      const now = clock.now();
      if (now - plainAt < PLAIN_EVERY_MS) return;
      plainAt = now;
    }
    log.add({ at: clock.now(), kind: 'route', model: facts.route, version: '', replica: '', facts });
  });
  changed.on(({ route, subject, change }) => {
    const { action, share = null, winner = '', because } = change;
    const facts = { subject, action, share, winner, because };
    log.add({ at: clock.now(), kind: 'traffic', model: route, ...none, facts });
    events[action === 'roll back' ? 'warn' : 'info']({ route, ...facts }, 'traffic of a route changed');
  });
}
