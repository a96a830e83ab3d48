import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { DependencySettings } from '../../config/dependency-settings.ts';
import { firstThreads, type ModelSettings } from '../../config/model-settings.ts';
import type { Placement } from '../../replica/placement.ts';
import type { ReplicaId, Spawner } from '../../replica/replica.ts';
import type { SampleInput } from '../../replica/sample-input.ts';
import type { SpawnQueue } from '../lifecycle/spawn-queue.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import type { MakePolicy } from './make-batching.ts';
import type { ReplicaAction } from './operate.ts';

/** One version with its settings. */
export interface VersionSpec {
  readonly model: string;
  readonly version: string;
  /** Where it was found, for messages. */
  readonly file: string;
  readonly settings: ModelSettings;
  readonly ownSample: readonly SampleInput[];
  /** Identifies the contents of its files when they were listed; undefined where they could not be read. */
  readonly artefact?: string | undefined;
}

/** Checks whether what a version depends on is up. */
export interface DependencyChecker {
  /** `done` gets the problem, or undefined; it is called once, later. */
  check(dependency: DependencySettings, timeoutMs: number, done: (problem: string | undefined) => void): void;
  /** Which of the models that a version calls is not ready; undefined when all are. Default: they are. */
  whyModelsNotReady?(models: readonly string[]): string | undefined;
}

/** The backends that a version is wired to: real ones in production, simulated ones in tests. */
export interface VersionPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly spawner: Spawner;
  /** Default: every replica starts at once. */
  readonly spawnQueue?: SpawnQueue;
  /** Default: inspects the answers. */
  readonly comparator?: AnswerComparator;
  /** Default: every dependency counts as up. */
  readonly dependencies?: DependencyChecker;
  /** A policy other than the one in the settings, for comparisons. */
  readonly makePolicy?: MakePolicy;
}

/** Commands of the server's operator to a version. */
export type Command =
  | { readonly kind: 'start' | 'leave' | 'drain' | 'kill' }
  | { readonly kind: 'scale'; readonly placements: readonly Placement[] }
  | { readonly kind: 'replica'; readonly action: ReplicaAction; readonly replica: ReplicaId };

/** How many replicas a version starts with: at least one, so that a model that cannot be served is noticed. */
export function firstReplicas({ replicas, autoscaling }: ModelSettings): number {
  return autoscaling === undefined ? replicas : Math.max(1, autoscaling.minReplicas);
}

/** So many replicas as the settings describe one, in turn on its devices, unless with another count of threads. */
export function placementsOf(
  settings: ModelSettings,
  replicas = firstReplicas(settings),
  threads = firstThreads(settings),
): Placement[] {
  const devices = [settings.device].flat();
  return Array.from({ length: replicas }, (_, index) => {
    return { device: devices[index % devices.length] as string, threads };
  });
}
