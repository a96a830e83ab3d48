import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { DecisionLog } from './decision-log.ts';

/** Writes every change of a number of replicas into the decision log and the event log. */
export function writeScaling(log: DecisionLog, events: Logger, { clock, scaler }: ScalingSource): void {
  scaler.scaled.on(({ version, from, to, winner, proposals, limit, facts = null }) => {
    const { model, version: number } = version.spec;
    const { signal, because } = winner;
    const asked = proposals.map((each) => `${each.signal} ${each.replicas}`);
    log.add({
      ...{ at: clock.now(), kind: 'scaling', model, version: number, replica: '' },
      facts: { from, to, signal, because, proposals: asked, limit, facts },
    });
    events.info(
      { model, version: number, from, to, signal, because, asked, limit },
      'number of replicas changed',
    );
  });
}

/** The scaler to write about, and the clock of its decisions. */
export interface ScalingSource {
  readonly clock: Clock;
  readonly scaler: Pick<Scaler, 'scaled'>;
}
