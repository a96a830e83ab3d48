import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { AlertNotice } from '../../observe/alerts/alerts.ts';

const MAX_WAITING = 100;
const MAX_TRIES = 8;
const FIRST_DELAY_MS = 500;
const TIMEOUT_MS = 5_000;

/** An alert with the wall-clock times of its start and end. */
export interface Delivery {
  readonly notice: AlertNotice;
  readonly startsAt: Date;
  readonly endsAt: Date | undefined;
}

/**
 * Sends alerts to a URL in the form of Alertmanager's webhooks (version 4), in order, each with up to 8 tries. At most
 * 100 wait; beyond that the oldest is dropped. Serving never waits for the webhook.
 */
export class Webhook {
  readonly #url: string;
  readonly #log: Logger;
  readonly #waiting: Delivery[] = [];
  readonly #stop = new AbortController();
  #isSending = false;
  /** Alerts that could not be delivered. */
  dropped = 0;

  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  send(delivery: Delivery): void {
    this.#waiting.push(delivery);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.dropped += 1;
    }
    if (!this.#isSending) void this.#sendAll();
  }

  /** Discards the waiting alerts and ends the current try. */
  stop(): void {
    this.#stop.abort();
    this.#waiting.length = 0;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#deliver(next);
    }
    this.#isSending = false;
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const body = JSON.stringify(payloadOf(delivery));
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      const problem = await this.#post(body);
      if (problem === undefined) return;
      if (tries >= MAX_TRIES) {
        this.dropped += 1;
        this.#log.error(
          { alert: delivery.notice.name, problem },
          'alert could not be delivered to alerts.webhook and is dropped',
        );
        return;
      }
      await this.#pause(FIRST_DELAY_MS * 2 ** (tries - 1));
    }
  }

  async #post(body: string): Promise<string | undefined> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `the receiver answered with HTTP status ${response.status}`;
    } catch (caught) {
      return messageOf(caught);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }
}

/** The body that Alertmanager posts to its webhook receivers. */
function payloadOf({ notice, startsAt, endsAt }: Delivery) {
  const { name, severity, model, summary, runbook, status } = notice;
  const labels = { alertname: `Galley${name}`, severity, model };
  const annotations = { summary, runbook };
  const never = '0001-01-01T00:00:00Z';
  const alert = {
    ...{ status, labels, annotations },
    startsAt: startsAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? never,
    generatorURL: '',
    fingerprint: Buffer.from(`${model} ${name}`).toString('hex').slice(0, 16),
  };
  return {
    ...{ version: '4', status, receiver: 'galley', truncatedAlerts: 0, externalURL: '' },
    groupKey: `{}:{alertname="${labels.alertname}", model="${model}"}`,
    groupLabels: { alertname: labels.alertname, model },
    commonLabels: labels,
    commonAnnotations: annotations,
    alerts: [alert],
  };
}
