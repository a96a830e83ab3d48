import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import type { Spawner } from '../replica/replica.ts';
import type { SampleInput } from '../replica/sample-input.ts';

/** One version with its settings. */
export interface VersionSpec {
  readonly model: string;
  readonly version: string;
  /** Where it was found, for messages. */
  readonly file: string;
  readonly settings: ModelSettings;
  readonly ownSample: readonly SampleInput[];
}

/** The bodies that a version is wired to: real ones in production, simulated ones in tests. */
export interface VersionPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly spawner: Spawner;
}

/** Whether a version can answer. */
export type VersionState = 'starting' | 'ready' | 'failed' | 'stopping';
