import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { MemorySettings } from '../../config/recovery-settings.ts';
import { evaluateMemory, type MemorySample, msUntilLimit } from '../../health/memory-policy.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Conditions } from './conditions.ts';

/** A replica that will reach its limit soon if it goes on like this. */
export interface MemoryGrows {
  readonly replica: ReplicaId;
  readonly bytes: number;
  readonly limitBytes: number;
  readonly inMs: number;
}

const HOUR_MS = 3_600_000;
/** Samples kept of each replica, one every so many heartbeats: about ten minutes. */
const MAX_SAMPLES = 60;
const HEARTBEATS_PER_SAMPLE = 10;
const MEBIBYTE = 1024 * 1024;

/** What a life's memory has been so far. */
interface History {
  heartbeats: number;
  readonly samples: MemorySample[];
  /** It was over a limit from its first moment: a new life would be no better. */
  readonly isBornLarge: boolean;
}

/** Holds replicas to their memory limits, one at a time, and notices growth before it gets there. */
export class MemoryWatch {
  readonly grows = new Event<MemoryGrows>();
  readonly #clock: Clock;
  readonly #settings: MemorySettings;
  readonly #supervisor: Supervisor;
  readonly #conditions: Conditions;
  readonly #isIdle: (id: ReplicaId) => boolean;
  readonly #histories = new Map<ReplicaId, History>();

  constructor(
    settings: MemorySettings,
    ports: {
      clock: Clock;
      supervisor: Supervisor;
      conditions: Conditions;
      isIdle: (id: ReplicaId) => boolean;
    },
  ) {
    this.#settings = settings;
    this.#clock = ports.clock;
    this.#supervisor = ports.supervisor;
    this.#conditions = ports.conditions;
    this.#isIdle = ports.isIdle;
  }

  onHeartbeat(id: ReplicaId, bytes: number): void {
    const history = this.#sample(id, bytes);
    const result = evaluateMemory(this.#settings, bytes);
    if (result === 'fine') {
      this.#conditions.clear(id, 'memory');
      return;
    }
    const limit = result === 'hard' ? this.#settings.hardLimitBytes : this.#settings.softLimitBytes;
    const text = `${mib(bytes)} MiB of memory, the ${result} limit is ${mib(limit ?? 0)} MiB`;
    this.#conditions.raise(id, 'memory', 'watch', text);
    if (!history.isBornLarge) this.#recycle(id, result === 'hard', text);
  }

  forget(id: ReplicaId): void {
    this.#histories.delete(id);
  }

  /** The next heartbeat asks again if it cannot be now. */
  #recycle(id: ReplicaId, isUrgent: boolean, reason: string): void {
    // One at a time: a restart takes a while, and the others carry its load meanwhile.
    if (this.#supervisor.isOneComing) return;
    // Alone it leaves a gap, which it fills when nobody is asking, unless it is urgent.
    if (!isUrgent && this.#supervisor.wanted === 1 && !this.#isIdle(id)) return;
    this.#supervisor.drain(id, { reason, afterwards: 'again' });
  }

  #sample(id: ReplicaId, bytes: number): History {
    const isBornLarge = evaluateMemory(this.#settings, bytes) !== 'fine';
    const history = this.#histories.get(id) ?? { heartbeats: 0, samples: [], isBornLarge };
    this.#histories.set(id, history);
    const limitBytes = this.#settings.softLimitBytes ?? this.#settings.hardLimitBytes;
    history.heartbeats += 1;
    if (limitBytes === undefined || history.heartbeats % HEARTBEATS_PER_SAMPLE !== 1) return history;
    const { samples } = history;
    samples.push({ at: this.#clock.now(), bytes });
    if (samples.length > MAX_SAMPLES) samples.shift();
    const inMs = msUntilLimit(samples, limitBytes);
    if (inMs !== undefined && inMs < HOUR_MS) this.grows.emit({ replica: id, bytes, limitBytes, inMs });
    return history;
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / MEBIBYTE);
}
