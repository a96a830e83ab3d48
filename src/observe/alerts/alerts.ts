import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';

/** How loud an alert is: `page` wakes somebody, `ticket` is for the morning. */
export type AlertSeverity = 'page' | 'ticket';

/** Something that a person should know. */
export interface Alert {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly model: string;
  readonly summary: string;
  /** What to do about it, in a line. */
  readonly runbook: string;
}

/** An alert that has begun or ended. Moments are monotonic. */
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
 * Which alerts are on. One that comes and goes is told once: it ends only when it has not been seen for a while, and
 * only then may it begin again.
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

  /** Alerts that are on, with the moment they began. */
  active(): readonly (Alert & { readonly startedAt: number })[] {
    return [...this.#active.values()].map(({ alert, startedAt }) => ({ ...alert, startedAt }));
  }

  /** To be called with everything that is the case now, again and again. */
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
