import type { ScaledVersion } from '../../fleet/autoscale/scaled-version.ts';

/** How the number of replicas of a version comes about. `moment` converts a monotonic time to wall-clock time. */
export function scalingSnapshot(scaled: ScaledVersion, moment: (at: number) => string) {
  const { version, decision, facts, last, limit, overridden, nextDownAt, slowness } = scaled;
  const { autoscaling, replicas } = version.spec.settings;
  return {
    mode:
      overridden !== undefined ? 'override' : scaled.isAutomatic ? (autoscaling?.algorithm ?? '') : 'fixed',
    replicas: version.supervisor.wanted,
    minReplicas: autoscaling?.minReplicas ?? replicas,
    maxReplicas: autoscaling?.maxReplicas ?? replicas,
    /** null until the first decision. */
    desired: decision?.replicas ?? null,
    proposals: decision?.proposals ?? [],
    /** What keeps the number from the largest proposal; empty when nothing does. */
    limit,
    /** When the next replica may go, if the traffic stays as it is; null when none is too many. */
    nextDownAt: nextDownAt === undefined ? null : moment(nextDownAt),
    override:
      overridden === undefined
        ? null
        : {
            replicas: overridden.replicas,
            until: overridden.untilMs === undefined ? null : moment(overridden.untilMs),
          },
    last:
      last === undefined
        ? null
        : {
            at: moment(last.at),
            from: last.from,
            to: last.to,
            signal: last.winner.signal,
            because: last.winner.because,
          },
    signals: facts ?? null,
    /** Why requests are too slow although more replicas would not help; null where that is not the case. */
    slowness: slowness ?? null,
    /** Changes so far, by direction and signal. */
    changes: [...scaled.changes].map(([key, count]) => {
      const [direction = '', signal = ''] = key.split('/');
      return { direction, signal, count };
    }),
    startMs: scaled.startMs,
    /** Rows that wait while no replica serves. */
    held: version.path.roster.serving === 0 ? version.path.queue.rows : 0,
  };
}
