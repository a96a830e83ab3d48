import type { Logger } from 'pino';
import { httpStatusOf, isRefusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { ReplicaState } from '../../replica/replica-state.ts';

/** States that an operator must see; the others are routine. */
const FAULT_STATES: ReadonlySet<ReplicaState> = new Set(['backoff', 'failed'] as const);

/** Writes the events of a version as log lines: one line per event, facts as fields. */
export function logVersion(log: Logger, version: VersionInService): void {
  const { model } = version.spec;
  const child = log.child({ model, version: version.spec.version });
  version.supervisor.lifecycle.moved.on(({ replica, incarnation, from, to, reason }) => {
    child[FAULT_STATES.has(to) ? 'warn' : 'info'](
      { replica, incarnation, from, to, reason },
      'replica state changed',
    );
  });
  version.supervisor.lateError.on(({ replica, incarnation, message, stack }) => {
    child.error({ replica, incarnation, error: message, stack }, 'the model threw an error outside a call');
  });
  version.path.recovery.losses.quarantined.on(({ entry, replica, detail }) => {
    child.warn(
      { replica, requestId: entry.request.id, detail },
      'input quarantined because it ends replicas',
    );
  });
  version.warmups.warmed.on((report) => {
    // A pipeline has nothing to warm up.
    if (version.spec.settings.pipeline !== undefined) return;
    const { replica, sizes, totalMs, isStable, rows, skipped } = report;
    const facts = { replica, totalMs: Math.round(totalMs), isStable, rows: rows?.kind, sizes };
    if (skipped !== null) child.warn({ replica, skipped }, 'warmup skipped');
    else if (!isStable) child.warn(facts, 'warmup ended before latency was stable');
    else child.info(facts, 'warmup done');
  });
  let told: string | undefined;
  const warn = () => {
    const { warning } = version;
    if (warning !== undefined && warning !== told) child.warn(warning);
    told = warning;
  };
  version.supervisor.lifecycle.moved.on(({ to }) => {
    if (to === 'warming') warn();
  });
  version.stateChanged.on((state) => {
    if (state === 'failed') child.error({ reason: version.failure }, 'model failed');
    else child.info({ state }, 'model state changed');
    // The service times of batches are known only now.
    if (state === 'ready') warn();
  });
  version.path.service.requestSettled.on(({ entry, outcome, settledAt }) => {
    if (isRefusal(outcome) && httpStatusOf(outcome.reason) === 500) {
      child.warn(
        { requestId: entry.request.id, reason: outcome.reason, error: outcome.message },
        'request failed',
      );
    } else if (child.isLevelEnabled('debug')) {
      const result = isRefusal(outcome) ? outcome.reason : 'ok';
      child.debug(
        { requestId: entry.request.id, rows: entry.rows, outcome: result, ms: settledAt - entry.receivedAt },
        'request',
      );
    }
  });
}
