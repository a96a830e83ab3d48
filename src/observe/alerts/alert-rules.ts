import type { Clock, Timer } from '../../base/clock.ts';
import type { AlertSettings } from '../../config/operation-settings.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { VersionWatch } from '../../fleet/version/version-watch.ts';
import { ALERT_TABLE } from './alert-table.ts';
import type { Alert, Alerts } from './alerts.ts';

/** Evaluates the alert rules of all watched versions periodically. */
export class AlertRules {
  readonly #clock: Clock;
  readonly #settings: AlertSettings;
  readonly #alerts: Alerts;
  readonly #watches: VersionWatch[] = [];
  #alarm: Timer | undefined;

  constructor(clock: Clock, settings: AlertSettings, alerts: Alerts) {
    this.#clock = clock;
    this.#settings = settings;
    this.#alerts = alerts;
  }

  watch(version: VersionInService): void {
    this.#watches.push(new VersionWatch(version, this.#clock, Math.max(this.#settings.holdMs, 1000)));
  }

  /** Stops watching a version that has ended. */
  forget(version: VersionInService): void {
    const index = this.#watches.findIndex((watch) => watch.version === version);
    if (index !== -1) this.#watches.splice(index, 1);
  }

  /** Counts a request that was refused before its admission. */
  countShed(version: VersionInService | undefined): void {
    this.#watches.find((watch) => watch.version === version)?.shed.add(this.#clock.now());
  }

  start(): void {
    const { everyMs } = this.#settings;
    this.#alarm = this.#clock.at(this.#clock.now() + everyMs, () => {
      this.#alerts.update(this.#watches.flatMap((watch) => this.#met(watch)));
      this.start();
    });
  }

  stop(): void {
    this.#alarm?.cancel();
  }

  #met(watch: VersionWatch): Alert[] {
    const { version } = watch;
    // A version that starts or ends is not a fault.
    const { state } = version;
    if (state === 'stopping' || state === 'starting' || state === 'draining') return [];
    const now = this.#clock.now();
    const facts = { watch, version, now, settings: this.#settings, replicas: version.supervisor.replicas() };
    return ALERT_TABLE.flatMap(({ name, severity, runbook, summary, lastsMs }) => {
      const text = summary(facts);
      const sinceMs = watch.lastingMs(name, text !== undefined, now);
      if (text === undefined || sinceMs < (lastsMs?.(this.#settings) ?? 0)) return [];
      return [{ name, severity, model: version.name, summary: text, runbook }];
    });
  }
}
