import type { Schedule } from './schedule.ts';

const HIGHEST_CPU_SHARE = 0.8;
const HIGHEST_ISSUE_DELAY_MS = 1;

/** What the generator observed of itself. */
export interface SelfObservation {
  readonly schedule: Schedule;
  readonly cpuShare: number;
  readonly issueDelayP99Ms: number;
  /** All the connections that may be opened were: some requests waited for one. */
  readonly usedAllConnections: boolean;
}

/** Whether a run says anything about the server: a generator at its limit measures itself. */
export function validityOf(self: SelfObservation): { void: string | undefined; warning: string | undefined } {
  const { schedule, cpuShare, issueDelayP99Ms } = self;
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  const isLate = schedule.kind === 'open' && issueDelayP99Ms > HIGHEST_ISSUE_DELAY_MS;
  return {
    void:
      cpuShare > HIGHEST_CPU_SHARE
        ? `the generator used ${percent(cpuShare)} of its core (limit ${percent(HIGHEST_CPU_SHARE)}): ` +
          'this is its speed, not the server’s'
        : undefined,
    warning: isLate
      ? `1 % of the requests left ${issueDelayP99Ms.toFixed(1)} ms late or more, which counts as latency: ` +
        (self.usedAllConnections ? 'all connections were in use' : 'the generator was held up')
      : undefined,
  };
}
