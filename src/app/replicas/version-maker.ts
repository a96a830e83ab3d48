import { seededRandom } from '../../base/random.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { Evictor } from '../../fleet/autoscale/evictor.ts';
import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { Catalog } from '../../fleet/catalog/catalog.ts';
import { BoundedSpawnQueue, NO_SPAWN_QUEUE } from '../../fleet/lifecycle/spawn-queue.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { InnerCalls } from '../../gateway/composition/inner-calls.ts';
import type { BrokenModel } from '../../model/model-repository.ts';
import { usualLoads } from '../machine/cores.ts';
import type { ServerPorts } from '../machine/server-ports.ts';
import { DEPENDENCY_CHECKS } from '../models/dependency-checks.ts';
import { lookAtModel } from '../models/models-to-serve.ts';
import type { ServedModel } from '../models/served-models.ts';
import { specOfBroken, UnfitSpawner } from '../models/unfit-model.ts';
import type { Operations } from '../operations/operations.ts';
import type { ThreadChoice } from './thread-choice.ts';
import { spawnerOf } from './version-spawner.ts';

/** What looks after each version that is made. */
interface Keepers {
  readonly operations: Operations;
  readonly scaler: Scaler;
  readonly threadChoice: ThreadChoice;
  readonly evictor: Evictor;
  /** Calls of models by models. */
  readonly calls: InnerCalls;
}

/** Makes versions: wires each to its processes and to what looks after it. */
export class VersionMaker {
  readonly #config: LoadedConfig;
  readonly #ports: ServerPorts;
  readonly #keepers: Keepers;
  readonly #spawnQueue: BoundedSpawnQueue;

  constructor(config: LoadedConfig, ports: ServerPorts, keepers: Keepers) {
    this.#config = config;
    this.#ports = ports;
    this.#keepers = keepers;
    this.#spawnQueue = new BoundedSpawnQueue(ports.clock, config.server.maxLoadingReplicas ?? usualLoads());
  }

  make(served: ServedModel): VersionInService {
    const { clock, seed } = this.#ports;
    const { operations, calls } = this.#keepers;
    const spawner = spawnerOf(served, { ...this.#ports, calls });
    const isPipeline = served.runtime === 'pipeline';
    const made = operations.makeVersion(served, {
      ...{ clock, random: seededRandom(seed), spawner },
      // A pipeline loads nothing and waits for its steps: it claims no place of the spawn queue.
      spawnQueue: isPipeline ? NO_SPAWN_QUEUE : this.#spawnQueue,
      dependencies: { ...DEPENDENCY_CHECKS, whyModelsNotReady: calls.whyNotReady },
    });
    if (isPipeline) return made;
    const { scaler, threadChoice, evictor } = this.#keepers;
    scaler.watch(made);
    evictor.watch(made);
    threadChoice.watch(made, served);
    return made;
  }

  /**
   * A model that cannot be loaded, as a version that fails until a retry finds it fixed. It loads nothing, and its retry
   * waits for the replicas of another version: it claims no place of the spawn queue.
   */
  makeUnfit(broken: BrokenModel, catalog: Pick<Catalog<ServedModel>, 'replace'>): VersionInService {
    const { clock, seed } = this.#ports;
    const spawner = new UnfitSpawner(clock, broken.reason, (fails) => {
      const found = lookAtModel(this.#config, broken);
      if ('kind' in found) fails(found.reason);
      else catalog.replace(version, found, (whyNot) => whyNot === undefined || fails(whyNot));
    });
    const ports = { clock, random: seededRandom(seed), spawner };
    const version = this.#keepers.operations.makeVersion(specOfBroken(this.#config, broken), ports);
    return version;
  }
}
