import type { Logger } from 'pino';
import type { Clock } from '../../base/clock.ts';
import type { CallTargets } from '../../gateway/composition/call-targets.ts';
import type { InnerCalls } from '../../gateway/composition/inner-calls.ts';
import { PipelineSpawner } from '../../gateway/composition/pipeline-spawner.ts';
import { ProcessSpawner, type ReplicaOutput } from '../../process/gateway-side/spawner.ts';
import type { StandbyProcesses } from '../../process/gateway-side/standby-processes.ts';
import type { Spawner } from '../../replica/replica.ts';
import { loadOrderOf } from '../models/load-order.ts';
import type { ServedModel } from '../models/served-models.ts';
import { processPorts } from './process-ports.ts';

/** Dependencies of the spawners of all versions. */
export interface VersionSpawnerPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly standby?: StandbyProcesses | undefined;
  readonly calls: InnerCalls;
}

/** The spawner of a version: its replicas are processes, or for a pipeline calls of the models of its steps. */
export function spawnerOf(served: ServedModel, { clock, log, standby, calls }: VersionSpawnerPorts): Spawner {
  const { model, version, settings } = served;
  const name = `${model}/${version}`;
  const { pipeline, health } = settings;
  if (pipeline !== undefined) {
    const { heartbeatPeriodMs } = health;
    return new PipelineSpawner(clock, calls, { name, pipeline, heartbeatPeriodMs });
  }
  const onOutput = ({ replica, stream, line }: ReplicaOutput) => {
    log[stream === 'stderr' ? 'warn' : 'info']({ model, version, replica, stream, line }, 'replica output');
  };
  const ports = { ...processPorts(settings, clock, standby), caller: calls.callerFor(name) };
  return checkingUses(name, new ProcessSpawner(loadOrderOf(served), onOutput, ports), calls.targets);
}

/** A replica whose model declares that it calls others is loaded only if it can call them. */
function checkingUses(name: string, spawner: Spawner, targets: CallTargets): Spawner {
  return {
    spawn: (id, incarnation, placement, observer) =>
      spawner.spawn(id, incarnation, placement, {
        ...observer,
        loaded: (metadata) => {
          const why = targets.whyUnusable(name, metadata.uses ?? []);
          if (why === undefined) observer.loaded(metadata);
          else observer.loadFailed(why);
        },
      }),
  };
}
