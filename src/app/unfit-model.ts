import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type LoadedConfig, modelSettingsOf } from '../config/load-config.ts';
import { ModelSettings } from '../config/model-settings.ts';
import { SettingsError } from '../config/settings-problem.ts';
import type { VersionSpec } from '../fleet/version/version-spec.ts';
import type { BrokenModel } from '../model/model-repository.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../replica/replica.ts';

/** How another look at a model that could not be served ended: with why it still cannot, or with others in its place. */
export type Recovered = { readonly kind: 'unfit'; readonly reason: string } | { readonly kind: 'mended' };

/**
 * Stands for the replicas of a model that cannot even be loaded: each life fails with the reason, so that the model is
 * reported, refused and tried again as every other one that fails.
 */
export class UnfitSpawner implements Spawner {
  readonly #clock: Clock;
  readonly #reason: string;
  readonly #lookAgain: () => Promise<Recovered>;

  constructor(clock: Clock, reason: string, lookAgain: () => Promise<Recovered>) {
    this.#clock = clock;
    this.#reason = reason;
    this.#lookAgain = lookAgain;
  }

  spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    let hasEnded = false;
    const end = () => {
      if (hasEnded) return;
      hasEnded = true;
      // No replica reports back before whoever told it something has finished.
      this.#clock.endOfTurn(() => observer.exited({ code: null, signal: null, cause: 'ended', detail: '' }));
    };
    const fail = (reason: string) => {
      if (!hasEnded) observer.loadFailed(reason);
    };
    // Later, as all that happens to a replica: the supervisor is in the middle of beginning this life.
    this.#clock.endOfTurn(() => {
      if (incarnation === 1) {
        fail(this.#reason);
        return;
      }
      void this.#lookAgain().then(
        (mended) => {
          if (mended.kind === 'unfit') fail(mended.reason);
        },
        // The folder of all models may be what cannot be read now.
        (caught: unknown) => fail(messageOf(caught)),
      );
    });
    return { id, incarnation, start() {}, cancel() {}, drain: end, kill: end };
  }
}

/** What a version is made of that stands for a model which cannot be loaded. One replica is enough to say so. */
export function specOfBroken(config: LoadedConfig, { name, version = '1', path }: BrokenModel): VersionSpec {
  const settings = { ...settingsOf(config, name), replicas: 1 };
  return { model: name, version, file: path, settings, ownSample: [] };
}

/** Those of galley.yaml; the model's own may be what is wrong. */
function settingsOf(config: LoadedConfig, name: string): ModelSettings {
  try {
    return modelSettingsOf(config, name, undefined);
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    // They may be whole only together with what stands beside the model.
    return ModelSettings.parse({ required: config.rawModels[name]?.required });
  }
}
