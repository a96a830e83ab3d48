import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Reason } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { isSynthetic } from '../../work/batch.ts';
import type { DecisionKind, FactsByKind, NewDecision } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';

/** Refusals that the server decided; not those that a client or the model caused. */
const DECIDED: ReadonlySet<Reason> = new Set([
  'DISPLACED',
  'DROPPED_LATE',
  'DEADLINE_QUEUED',
  'DEADLINE_RUNNING',
  'REPLICA_LOST',
  'DENIED_INPUT',
] as const);

/** Writes the decisions of a version into the log, with the numbers that led to them. */
export function writeDecisions(log: DecisionLog, clock: Clock, it: VersionInService): void {
  const { model, version } = it.spec;
  const write = <K extends DecisionKind>(kind: K, replica: string, facts: FactsByKind[K]) =>
    log.add({ at: clock.now(), kind, model, version, replica, facts } as NewDecision);
  const { supervisor, health, path } = it;
  supervisor.lifecycle.moved.on(({ replica, ...moved }) =>
    write(moved.to === 'backoff' || moved.to === 'failed' ? 'restart' : 'replica', replica, moved),
  );
  health.conditions.ejected.on(({ replica, causes, reason }) =>
    write('ejection', replica, { causes: causes.join(', '), reason, replicas: supervisor.wanted }),
  );
  health.prober.concluded.on(({ probed, misses, isDown }) => {
    if (misses > 0)
      write('probe', probed.replica, { result: probed.result, detail: probed.detail, misses, isDown });
  });
  health.memory.grows.on(({ replica, bytes, limitBytes, inMs }) =>
    write('memory', replica, { bytes, limitBytes, inMs: Math.round(inMs) }),
  );
  path.recovery.recovered.on(({ how, requests, replica, detail }) =>
    write('recovery', replica, { how, requests, detail }),
  );
  path.recovery.losses.quarantined.on(({ entry, replica, detail }) =>
    write('quarantine', replica, { request: entry.request.id, rows: entry.rows, detail }),
  );
  supervisor.lateError.on(({ replica, incarnation, message, stack }) =>
    write('late error', replica, { incarnation, error: message, stack }),
  );
  path.dispatcher.batchStarted.on(({ work, batch, replica }) => {
    if (isSynthetic(work.reason)) return;
    const { queue } = path;
    const { id, rows } = batch;
    const requests = work.members.length;
    write('batch', replica.id, { batch: id, rows, requests, reason: work.reason, rowsLeft: queue.rows });
  });
  path.service.requestSettled.on(({ entry, outcome, settledAt }) => {
    if (!isRefusal(outcome) || !DECIDED.has(outcome.reason)) return;
    const waitedMs = Math.round(settledAt - entry.receivedAt);
    const { reason, message: why } = outcome;
    write('refusal', '', { reason, request: entry.request.id, waitedMs, why });
  });
  path.service.turnedAway.on(({ entry, refusal }) =>
    write('refusal', '', {
      reason: refusal.reason,
      request: entry.request.id,
      waitedMs: 0,
      why: refusal.message,
    }),
  );
  path.admission.refusedAtDoor.on(({ refusal: { reason, message }, requests }) =>
    write('refusal', '', {
      ...{ reason, request: '', waitedMs: 0 },
      why: `${message} (${requests} requests, from their headers alone)`,
    }),
  );
  it.stateChanged.on((state) => write('model', '', { state, reason: it.failure }));
  it.commanded.on((command) => {
    if (command.kind === 'replica') write('admin', command.replica, { action: command.action });
  });
}
