import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import type { Catalog } from '../../fleet/catalog/catalog.ts';
import type { Ended } from '../../fleet/catalog/rollout.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import type { FactsByKind } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';

/** The catalog to write about, and the clock of its decisions. */
export interface CatalogSource<Spec extends VersionSpec> {
  readonly clock: Clock;
  readonly catalog: Pick<Catalog<Spec>, 'rolling' | 'removed'>;
}

type RolloutFacts = FactsByKind['rollout'];

/** Writes every change of what is served into the decision log and the event log. */
export function writeCatalog<Spec extends VersionSpec>(
  log: DecisionLog,
  events: Logger,
  { clock, catalog }: CatalogSource<Spec>,
): void {
  const { rolling, removed } = catalog;
  const add = (
    { model, version }: VersionSpec,
    facts: Partial<RolloutFacts> & Pick<RolloutFacts, 'step'>,
  ) => {
    const all = { replaces: null, reason: '', ...facts };
    log.add({ at: clock.now(), kind: 'rollout', model, version, replica: '', facts: all });
  };
  rolling.began.on(({ old, new: { spec } }) => {
    const replaces = old?.spec.version ?? null;
    add(spec, { step: 'began', replaces });
    events.info({ model: spec.model, version: spec.version, replaces }, 'version loads');
  });
  rolling.switched.on(({ old, new: { spec } }) => {
    add(spec, { step: 'switched', replaces: old.spec.version });
    const isSame = old.spec.version === spec.version;
    events.info(
      { model: spec.model, version: spec.version, replaces: old.spec.version },
      isSame ? 'reloaded' : 'rolled out',
    );
  });
  rolling.rolledOut.on(({ spec, result }) => {
    add(spec, { step: result.kind, reason: result.kind === 'done' ? '' : result.reason });
    logEnd(events, { spec, result });
  });
  removed.on(({ spec }) => {
    add(spec, { step: 'removed' });
    events.info({ model: spec.model, version: spec.version }, 'unloaded');
  });
}

function logEnd(events: Logger, { spec: { model, version }, result }: Ended<VersionSpec>): void {
  if (result.kind === 'cancelled') {
    events.info({ model, version, reason: result.reason }, 'not loaded: something else is to be served');
  } else if (result.kind === 'kept') {
    const stays =
      result.version === undefined ? 'not loaded' : 'not reloaded: the old version continues to serve';
    events.error({ model, version, serving: result.version?.spec.version, reason: result.reason }, stays);
  }
}
