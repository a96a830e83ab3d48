import type { Heartbeat, ReplicaId } from '../../replica/replica.ts';
import type { ReplicaUseFacts } from '../../scaling/scaling-policy.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';

/** Heartbeats of this time are averaged. */
const WINDOW_MS = 30_000;

interface Beat {
  readonly at: number;
  readonly heartbeat: Heartbeat;
}

/** CPU and memory of the replicas of one version, as their heartbeats report them. */
export class ReplicaUse {
  readonly #supervisor: Supervisor;
  /** The heartbeats of the window, oldest first. */
  readonly #beats = new Map<ReplicaId, Beat[]>();
  readonly #stops: readonly (() => void)[];

  constructor(supervisor: Supervisor, now: () => number) {
    this.#supervisor = supervisor;
    this.#stops = [
      supervisor.lifecycle.heartbeatReceived.on(({ replica, heartbeat }) => {
        const beats = this.#beats.get(replica) ?? [];
        this.#beats.set(replica, [
          ...beats.filter(({ at }) => now() - at < WINDOW_MS),
          { at: now(), heartbeat },
        ]);
      }),
      supervisor.ended.on((replica) => this.#beats.delete(replica)),
    ];
  }

  /** Every replica, with what its heartbeats say. `limitBytes` is undefined where its memory has no limit. */
  facts(limitBytes: number | undefined): readonly ReplicaUseFacts[] {
    return this.#supervisor.replicas().map(({ replica, placement, state, since }) => {
      const beats = this.#beats.get(replica) ?? [];
      const [first, last] = [beats[0], beats.at(-1)];
      const isMeasured = first !== undefined && last !== undefined && last.at > first.at;
      return {
        ...{ id: replica, since, isEnding: state === 'draining' || state === 'stopped' },
        isReady: state === 'ready' || state === 'degraded',
        cpuShare: isMeasured
          ? (last.heartbeat.cpuMs - first.heartbeat.cpuMs) / (last.at - first.at) / placement.threads
          : undefined,
        memoryShare:
          last === undefined || limitBytes === undefined ? undefined : last.heartbeat.rssBytes / limitBytes,
      };
    });
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
