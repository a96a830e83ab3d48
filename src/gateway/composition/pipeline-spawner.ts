import type { Clock } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import type { PipelineSettings } from '../../config/pipeline-settings.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import { type PipelinePlan, planPipeline, type StepMetadata } from '../../routing/pipeline-plan.ts';
import type { InnerCalls } from './inner-calls.ts';
import { PipelineReplica } from './pipeline-replica.ts';

/** A pipeline, under the name of its version such as `read/1`. */
export interface PipelineSpec {
  readonly name: string;
  readonly pipeline: PipelineSettings;
  readonly heartbeatPeriodMs: number;
}

/** Requests that a pipeline works on at once; others wait in its queue. */
const CREDITS = 256;
/** Interval at which it looks whether the models of its steps are ready. */
const LOOK_EVERY_MS = 20;

/** The state of the models of the steps: all loaded, still starting, or one with a problem. */
type Look = readonly StepMetadata[] | 'starting' | { readonly problem: string };

/** Makes replicas of a pipeline. They have no process. */
export class PipelineSpawner implements Spawner {
  readonly #clock: Clock;
  readonly #calls: InnerCalls;
  readonly #spec: PipelineSpec;
  /** Why the last replica could not be loaded: a later one waits for as long as that lasts. */
  #failure = '';

  constructor(clock: Clock, calls: InnerCalls, spec: PipelineSpec) {
    this.#clock = clock;
    this.#calls = calls;
    this.#spec = spec;
  }

  spawn(id: ReplicaId, incarnation: number, _placement: Placement, observer: ReplicaObserver): Replica {
    const { name, heartbeatPeriodMs } = this.#spec;
    const caller = this.#calls.callerFor(name);
    const replica = new PipelineReplica(
      { id, incarnation },
      { clock: this.#clock, caller, observer, heartbeatPeriodMs },
    );
    // After the turn, because the supervisor is still starting it.
    this.#clock.endOfTurn(() => this.#load(replica, observer));
    return replica;
  }

  #load(replica: PipelineReplica, observer: ReplicaObserver): void {
    if (replica.isOver) return;
    const look = this.#look();
    const plan = Array.isArray(look) ? planPipeline(this.#spec.pipeline, look) : undefined;
    if (typeof plan === 'object') {
      this.#failure = '';
      this.#open(replica, observer, plan);
      return;
    }
    const problem = plan ?? (typeof look === 'object' && 'problem' in look ? look.problem : '');
    if (problem === '' || problem === this.#failure) {
      this.#clock.at(this.#clock.now() + LOOK_EVERY_MS, () => this.#load(replica, observer));
      return;
    }
    this.#failure = problem;
    observer.loadFailed(problem);
  }

  #look(): Look {
    const { name, pipeline } = this.#spec;
    const { targets } = this.#calls;
    const models: StepMetadata[] = [];
    let isStarting = false;
    for (const [index, { model }] of pipeline.steps.entries()) {
      const step = `step ${index + 1} ('${model}')`;
      const found = targets.find(model);
      if (isRefusal(found)) return { problem: `${step}: ${found.message}` };
      const circle = targets.whyCircular(name, model);
      if (circle !== undefined) return { problem: `${step}: ${circle}` };
      const { state, failure, metadata } = found.version;
      if (state === 'failed')
        return { problem: `${step}: ${found.version.name} cannot be served: ${failure}` };
      if (metadata === undefined || state === 'starting') isStarting = true;
      else models.push(metadata);
    }
    return isStarting ? 'starting' : models;
  }

  #open(replica: PipelineReplica, observer: ReplicaObserver, plan: PipelinePlan): void {
    const { steps } = this.#spec.pipeline;
    replica.open(plan);
    observer.loaded({
      platform: 'galley_pipeline',
      inputs: plan.inputs,
      outputs: plan.outputs,
      readsParameters: plan.readsParameters,
      uses: [...new Set(steps.map(({ model }) => model))],
      // Its settings identify it; the models of its steps are looked up at every call.
      artefact: JSON.stringify(this.#spec.pipeline),
    });
    if (!replica.isOver) observer.credited(CREDITS);
  }
}
