import type { Schedule } from './schedule.ts';

const HIGHEST_CPU_SHARE = 0.8;
const HIGHEST_ISSUE_DELAY_MS = 1;

/** Measurements of the generator itself. */
export interface SelfObservation {
  readonly schedule: Schedule;
  readonly cpuShare: number;
  readonly issueDelayP99Ms: number;
  /** Whether all allowed connections were open, so that some requests waited for one. */
  readonly usedAllConnections: boolean;
}

/** Whether a run is valid: a generator at its limit measures itself instead of the server. */
export function validityOf(self: SelfObservation): { void: string | undefined; warning: string | undefined } {
  const { schedule, cpuShare, issueDelayP99Ms } = self;
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  const isLate = schedule.kind === 'open' && issueDelayP99Ms > HIGHEST_ISSUE_DELAY_MS;
  return {
    void:
      cpuShare > HIGHEST_CPU_SHARE
        ? `the generator used ${percent(cpuShare)} of its core (limit ${percent(HIGHEST_CPU_SHARE)}): ` +
          'the result is the speed of the generator, not of the server'
        : undefined,
    warning: isLate
      ? `1 % of the requests left ${issueDelayP99Ms.toFixed(1)} ms late or more, and the delay counts as latency: ` +
        (self.usedAllConnections ? 'all connections were in use' : 'the generator was delayed')
      : undefined,
  };
}
