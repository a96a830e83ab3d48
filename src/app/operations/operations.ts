import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { Catalog } from '../../fleet/catalog/catalog.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { VersionPorts, VersionSpec } from '../../fleet/version/version-spec.ts';
import { AlertRules } from '../../observe/alerts/alert-rules.ts';
import { type AlertNotice, Alerts } from '../../observe/alerts/alerts.ts';
import { writeCatalog } from '../../observe/decisions/catalog-writer.ts';
import { DecisionLog } from '../../observe/decisions/decision-log.ts';
import { writeDecisions } from '../../observe/decisions/decision-writer.ts';
import { logVersion } from '../../observe/decisions/event-log.ts';
import { type RouteEvents, writeRoutes } from '../../observe/decisions/route-writer.ts';
import { writeScaling } from '../../observe/decisions/scaling-writer.ts';
import { Recorder } from '../../observe/recorder/recorder.ts';
import { writeWhole, writeWholeNow } from '../machine/whole-file.ts';
import { DecisionFile } from './decision-file.ts';
import { Mistakes } from './mistakes.ts';
import { Webhook } from './webhook.ts';

/** Pages within this time after a recording write no further recording. */
const RECORDING_PAUSE_MS = 300_000;
const WRITE_FAILED = 'recording could not be written';

/** What the tools for operators use. */
export interface OperationsPorts {
  readonly clock: Clock;
  /** The seed of all random numbers in the server: a replay needs it. */
  readonly seed: string;
  readonly log: Logger;
}

/** The tools for operators: decision log, alerts, flight recorder. */
export class Operations {
  readonly decisions: DecisionLog;
  readonly alerts: Alerts;
  readonly mistakes: Mistakes;
  readonly rules: AlertRules;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #directory: string;
  readonly #recorder: Recorder | undefined;
  readonly #webhook: Webhook | undefined;
  readonly #file: DecisionFile | undefined;
  /** The recording that is being written. */
  #writing: Promise<void> | undefined;
  #recordedAt = Number.NEGATIVE_INFINITY;

  constructor({ server, directory }: LoadedConfig, { clock, seed, log }: OperationsPorts) {
    const { alerts, decisions, recorder } = server;
    this.#clock = clock;
    this.#log = log;
    this.#directory = resolve(directory, recorder.directory ?? '.');
    this.decisions = new DecisionLog(decisions.capacity);
    this.mistakes = new Mistakes(log);
    this.alerts = new Alerts(clock, alerts.holdMs);
    this.rules = new AlertRules(clock, alerts, this.alerts);
    this.#webhook = alerts.webhook === undefined ? undefined : new Webhook(alerts.webhook, log);
    this.#recorder = recorder.enabled
      ? new Recorder(clock, { seed, startedWallMs: Date.now() }, recorder.maxBytes)
      : undefined;
    if (decisions.file !== undefined) {
      const file = new DecisionFile({ ...decisions, file: resolve(directory, decisions.file) }, log);
      this.#file = file;
      this.decisions.added.on((decision) => file.write(decision, this.wallMs(decision.at)));
    }
    this.alerts.noticed.on((notice) => this.#onAlert(notice));
  }

  /** Number of contained internal errors by place. */
  get internalErrors(): ReadonlyMap<string, number> {
    return this.mistakes.counts;
  }

  /** Alerts and decisions that could not be delivered or written. */
  get dropped(): { readonly alerts: number; readonly decisions: number } {
    return { alerts: this.#webhook?.dropped ?? 0, decisions: this.#file?.dropped ?? 0 };
  }

  /** Creates a version and attaches recorder, decision log, event log and alert rules to it. */
  makeVersion(spec: VersionSpec, ports: VersionPorts): VersionInService {
    const recorded = this.#recorder?.portsFor(spec, ports);
    const version = new VersionInService(spec, recorded?.ports ?? ports);
    if (recorded !== undefined) this.#recorder?.watch(recorded.version, version);
    writeDecisions(this.decisions, this.#clock, version);
    logVersion(this.#log, version);
    this.rules.watch(version);
    return version;
  }

  /** Writes what the scaler decides to the logs. */
  watch(scaler: Pick<Scaler, 'scaled'>): void {
    writeScaling(this.decisions, this.#log, { clock: this.#clock, scaler });
  }

  /** Writes every change of what is served to the logs. */
  watchCatalog<Spec extends VersionSpec>(catalog: Catalog<Spec>): void {
    writeCatalog(this.decisions, this.#log, { clock: this.#clock, catalog });
  }

  /** Writes what routes decide to the logs and to the recording. */
  watchRoutes(routes: RouteEvents): void {
    writeRoutes(this.decisions, { clock: this.#clock, events: this.#log }, routes);
    const recorder = this.#recorder;
    if (recorder !== undefined) routes.routed.on((routed) => recorder.routed(routed));
  }

  start(): void {
    this.rules.start();
  }

  /** Stops alerts and resolves when pending decisions and recordings are on the disk. */
  async stop(): Promise<void> {
    this.rules.stop();
    this.mistakes.stop();
    this.#webhook?.stop();
    await Promise.all([this.#file?.flushed(), this.#writing]);
  }

  /** Converts a monotonic time to wall-clock time, in ms. */
  wallMs(at: number): number {
    return Date.now() - (this.#clock.now() - at);
  }

  /** The recording so far; undefined where the recorder is off. */
  recording(): Buffer | undefined {
    return this.#recorder?.dump();
  }

  /** Writes the recording atomically, off the event loop; logs a failure. Does nothing while another write runs. */
  writeRecording(): void {
    const recording = this.#writing === undefined ? this.recording() : undefined;
    if (recording === undefined) return;
    const file = join(this.#directory, `galley-${Date.now()}.rec`);
    this.#writing = writeWhole(file, recording)
      .then(
        () => this.#log.info({ file, bytes: recording.byteLength }, 'recording written'),
        (caught: unknown) => this.#log.error({ file, error: messageOf(caught) }, WRITE_FAILED),
      )
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Writes the recording synchronously, at the end of the process. */
  writeRecordingNow(file: string): void {
    const recording = this.recording();
    if (recording === undefined) return;
    try {
      writeWholeNow(file, recording);
      this.#log.info({ file, bytes: recording.byteLength }, 'recording written');
    } catch (caught) {
      this.#log.error({ file, error: messageOf(caught) }, WRITE_FAILED);
    }
  }

  #onAlert(notice: AlertNotice): void {
    const { name, severity, model, summary, runbook, status, startedAt, endedAt } = notice;
    const facts = { alert: name, severity, model, status, summary, runbook };
    this.#log[status === 'resolved' ? 'info' : severity === 'page' ? 'error' : 'warn'](facts, 'alert');
    const [modelName = '', version = ''] = model.split('/');
    this.decisions.add({
      at: this.#clock.now(),
      kind: 'alert',
      model: modelName,
      version,
      replica: '',
      facts: { alert: name, severity, status, summary },
    });
    const endsAt = endedAt === undefined ? undefined : new Date(this.wallMs(endedAt));
    this.#webhook?.send({ notice, startsAt: new Date(this.wallMs(startedAt)), endsAt });
    if (status !== 'firing' || severity !== 'page') return;
    if (this.#clock.now() - this.#recordedAt < RECORDING_PAUSE_MS) return;
    this.#recordedAt = this.#clock.now();
    this.writeRecording();
  }
}
