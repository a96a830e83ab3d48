import type { Clock, Timer } from '../../base/clock.ts';
import { afterCheck, type CheckRecord, initialCheck, initialState } from '../../health/probe-policy.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Watcher } from './watcher.ts';

interface Watch {
  record: CheckRecord;
  heartbeatAt: number;
  alarm: Timer | undefined;
}

/** An alarm later than this was delayed by the gateway itself. */
const STALL_MS = 100;

/** Checks that replicas send heartbeats, which they do independently of their work, however busy they are. */
export class Liveness implements Watcher {
  readonly #clock: Clock;
  readonly #settings: { readonly periodMs: number; readonly failureThreshold: number };
  readonly #onSilent: (id: ReplicaId, silentMs: number) => void;
  readonly #watches = new Map<ReplicaId, Watch>();

  constructor(
    clock: Clock,
    settings: { readonly periodMs: number; readonly failureThreshold: number },
    onSilent: (id: ReplicaId, silentMs: number) => void,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    this.#onSilent = onSilent;
  }

  loaded(id: ReplicaId): void {
    this.closed(id);
    const record = initialCheck(initialState('liveness'));
    const watch: Watch = { record, heartbeatAt: this.#clock.now(), alarm: undefined };
    this.#watches.set(id, watch);
    this.#arm(id, watch);
  }

  heartbeatReceived(id: ReplicaId): void {
    const watch = this.#watches.get(id);
    if (watch !== undefined) watch.heartbeatAt = this.#clock.now();
  }

  /** Time since the last heartbeat, in ms. */
  silentMs(id: ReplicaId): number {
    return this.#clock.now() - (this.#watches.get(id)?.heartbeatAt ?? this.#clock.now());
  }

  closed(id: ReplicaId): void {
    this.#watches.get(id)?.alarm?.cancel();
    this.#watches.delete(id);
  }

  #arm(id: ReplicaId, watch: Watch): void {
    const { periodMs, failureThreshold } = this.#settings;
    const dueMs = this.#clock.now() + periodMs;
    watch.alarm = this.#clock.at(dueMs, () => {
      const now = this.#clock.now();
      const silentMs = now - watch.heartbeatAt;
      // A late alarm means that the gateway was stalled: heartbeats are waiting to be read.
      const wasStalled = now - dueMs > STALL_MS;
      if (!wasStalled) {
        const thresholds = { successThreshold: 1, failureThreshold };
        watch.record = afterCheck(thresholds, watch.record, silentMs <= periodMs);
      }
      if (watch.record.state === 'failure') this.#onSilent(id, silentMs);
      else this.#arm(id, watch);
    });
  }
}
