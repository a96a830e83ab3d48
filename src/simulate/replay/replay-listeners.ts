import type { Clock } from '../../base/clock.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';

/** Called for every input and every decision. */
export type OnStep = (step: {
  readonly atMs: number;
  readonly version: string;
  readonly text: string;
}) => void;

/** Called with every version before anything happens to it. */
export type OnVersion = (version: VersionInService, clock: Clock) => void;
