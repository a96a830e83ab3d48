import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';

/** Urgency of an alert: `page` needs an operator at once, `ticket` can wait until working hours. */
export type AlertSeverity = 'page' | 'ticket';

/** A fault that an operator must know of. */
export interface Alert {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly model: string;
  readonly summary: string;
  /** What the operator does, in one line. */
  readonly runbook: string;
}

/** An alert that has begun or ended. Times are monotonic, in ms. */
export interface AlertNotice extends Alert {
  readonly status: 'firing' | 'resolved';
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

interface Active {
  alert: Alert;
  readonly startedAt: number;
  lastSeenAt: number;
}

/**
 * The active alerts. An alert that comes and goes is reported once: it ends only after it has not been seen for
 * `holdMs`, and can begin again only then.
 */
export class Alerts {
  readonly noticed = new Event<AlertNotice>();
  readonly #clock: Clock;
  readonly #holdMs: number;
  readonly #active = new Map<string, Active>();

  constructor(clock: Clock, holdMs: number) {
    this.#clock = clock;
    this.#holdMs = holdMs;
  }

  /** The active alerts with their monotonic start, in ms. */
  active(): readonly (Alert & { readonly startedAt: number })[] {
    return [...this.#active.values()].map(({ alert, startedAt }) => ({ ...alert, startedAt }));
  }

  /** Call it periodically with every alert whose rule is met now. */
  update(seen: readonly Alert[]): void {
    const now = this.#clock.now();
    for (const alert of seen) {
      const key = `${alert.model} ${alert.name}`;
      const active = this.#active.get(key);
      if (active === undefined) {
        this.#active.set(key, { alert, startedAt: now, lastSeenAt: now });
        this.noticed.emit({ ...alert, status: 'firing', startedAt: now, endedAt: undefined });
      } else {
        active.alert = alert;
        active.lastSeenAt = now;
      }
    }
    for (const [key, { alert, startedAt, lastSeenAt }] of this.#active) {
      if (now === lastSeenAt || now - lastSeenAt < this.#holdMs) continue;
      this.#active.delete(key);
      this.noticed.emit({ ...alert, status: 'resolved', startedAt, endedAt: now });
    }
  }
}
