import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { MemorySettings } from '../../config/recovery-settings.ts';
import { evaluateMemory, type MemorySample, msUntilLimit } from '../../health/memory-policy.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Conditions } from './conditions.ts';
import type { Watcher } from './watcher.ts';

/** A replica that will reach its memory limit in `inMs` at the present growth. */
export interface MemoryGrows {
  readonly replica: ReplicaId;
  readonly bytes: number;
  readonly limitBytes: number;
  readonly inMs: number;
}

const HOUR_MS = 3_600_000;
/** Samples kept per replica, one every HEARTBEATS_PER_SAMPLE heartbeats: about ten minutes. */
const MAX_SAMPLES = 60;
const HEARTBEATS_PER_SAMPLE = 10;
const MEBIBYTE = 1024 * 1024;

/** Memory use of the present process. */
interface History {
  heartbeats: number;
  readonly samples: MemorySample[];
  /** It was over a limit at its first sample, so a new process would be too. */
  readonly isBornLarge: boolean;
}

/** Dependencies of {@link MemoryWatch}. */
export interface MemoryWatchPorts {
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly conditions: Conditions;
  readonly isIdle: (id: ReplicaId) => boolean;
}

/** Replaces replicas over their memory limits, one at a time, and predicts when growth reaches a limit. */
export class MemoryWatch implements Watcher {
  readonly grows = new Event<MemoryGrows>();
  readonly #settings: MemorySettings;
  readonly #ports: MemoryWatchPorts;
  readonly #histories = new Map<ReplicaId, History>();

  constructor(settings: MemorySettings, ports: MemoryWatchPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  onHeartbeat(id: ReplicaId, bytes: number): void {
    const history = this.#sample(id, bytes);
    const result = evaluateMemory(this.#settings, bytes);
    if (result === 'fine') {
      this.#ports.conditions.clear(id, 'memory');
      return;
    }
    const limit = result === 'hard' ? this.#settings.hardLimitBytes : this.#settings.softLimitBytes;
    const text = `resident memory is ${mib(bytes)} MiB, the ${result} limit is ${mib(limit ?? 0)} MiB`;
    this.#ports.conditions.raise(id, 'memory', 'watch', text);
    if (!history.isBornLarge) this.#recycle(id, result === 'hard', text);
  }

  closed(id: ReplicaId): void {
    this.#histories.delete(id);
  }

  /** Does nothing when the replica cannot be replaced now; the next heartbeat retries. */
  #recycle(id: ReplicaId, isUrgent: boolean, reason: string): void {
    // One at a time: the other replicas carry the load during a restart.
    if (this.#ports.supervisor.isOneComing) return;
    // The only replica leaves a gap, so it is replaced while it is idle, unless the hard limit is exceeded.
    if (!isUrgent && this.#ports.supervisor.wanted === 1 && !this.#ports.isIdle(id)) return;
    this.#ports.supervisor.drain(id, { reason, afterwards: 'again' });
  }

  #sample(id: ReplicaId, bytes: number): History {
    const isBornLarge = evaluateMemory(this.#settings, bytes) !== 'fine';
    const history = this.#histories.get(id) ?? { heartbeats: 0, samples: [], isBornLarge };
    this.#histories.set(id, history);
    const limitBytes = this.#settings.softLimitBytes ?? this.#settings.hardLimitBytes;
    history.heartbeats += 1;
    if (limitBytes === undefined || history.heartbeats % HEARTBEATS_PER_SAMPLE !== 1) return history;
    const { samples } = history;
    samples.push({ at: this.#ports.clock.now(), bytes });
    if (samples.length > MAX_SAMPLES) samples.shift();
    const inMs = msUntilLimit(samples, limitBytes);
    if (inMs !== undefined && inMs < HOUR_MS) this.grows.emit({ replica: id, bytes, limitBytes, inMs });
    return history;
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / MEBIBYTE);
}
