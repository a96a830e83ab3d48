import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { type LoadedConfig, modelSettingsOf } from '../../config/load-config.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import type { BrokenModel } from '../../model/model-repository.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';

/** Looks at a broken model again: it is replaced by other versions, or `fails` gets the reason why it is still broken. */
export type LookAgain = (fails: (reason: string) => void) => void;

/**
 * Stands for the replicas of a model that cannot be loaded: each process fails with the reason, so that the model is
 * reported, refused and retried like any other failed model.
 */
export class UnfitSpawner implements Spawner {
  readonly #clock: Clock;
  readonly #reason: string;
  readonly #lookAgain: LookAgain;

  constructor(clock: Clock, reason: string, lookAgain: LookAgain) {
    this.#clock = clock;
    this.#reason = reason;
    this.#lookAgain = lookAgain;
  }

  spawn(id: ReplicaId, incarnation: number, _placement: Placement, observer: ReplicaObserver): Replica {
    let hasEnded = false;
    const end = () => {
      if (hasEnded) return;
      hasEnded = true;
      // A replica never reports before the call that it reacts to has returned.
      this.#clock.endOfTurn(() => observer.exited({ code: null, signal: null, cause: 'ended', detail: '' }));
    };
    const fail = (reason: string) => {
      if (!hasEnded) observer.loadFailed(reason);
    };
    // At the end of the turn, because the supervisor is still starting this process.
    this.#clock.endOfTurn(() => {
      if (incarnation === 1) {
        fail(this.#reason);
        return;
      }
      try {
        this.#lookAgain(fail);
      } catch (caught) {
        // The models folder itself may not be readable now.
        fail(messageOf(caught));
      }
    });
    return { id, incarnation, start() {}, cancel() {}, drain: end, kill: end };
  }
}

/** The spec of a version that stands for a broken model; one replica is enough to report the reason. */
export function specOfBroken(config: LoadedConfig, { name, version = '1', path }: BrokenModel): VersionSpec {
  const settings = { ...settingsOf(config, name), replicas: 1 };
  return { model: name, version, file: path, settings, ownSample: [] };
}

/** The settings of galley.yaml only, because the model's own may be the problem. */
function settingsOf(config: LoadedConfig, name: string): ModelSettings {
  try {
    return modelSettingsOf(config, name, undefined);
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    // They may be valid only together with model.yaml.
    return ModelSettings.parse({ required: config.rawModels[name]?.required });
  }
}
