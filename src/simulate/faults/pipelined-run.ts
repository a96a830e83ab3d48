import { RANK } from '../../base/clock.ts';
import { isRefusal, type Refusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { asPipeline } from '../../config/as-pipeline.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { PipelineSettings } from '../../config/pipeline-settings.ts';
import { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import { InnerCalls } from '../../gateway/composition/inner-calls.ts';
import { PipelineSpawner } from '../../gateway/composition/pipeline-spawner.ts';
import { RouteTable } from '../../gateway/routes/route-table.ts';
import type { Answer } from '../../model/inference.ts';
import { Recorder } from '../../observe/recorder/recorder.ts';
import { decodeRecording } from '../../observe/recorder/recording.ts';
import { replay } from '../replay/replay.ts';
import type { FaultPlan, PlannedRequest } from './fault-plan.ts';
import { FAULTS_MS } from './fault-plan.ts';
import { FaultyVersion } from './faulty-version.ts';
import type { Violation } from './invariants.ts';
import { requestOf } from './planned-input.ts';
import type { RoutedPlan } from './routed-plan.ts';

/** After the faults, replicas recover, and every request reaches its deadline. */
const RECOVERY_MS = 45_000;
const TIMEOUT_MS = 20_000;
const RECORDER_BYTES = 4 * 1024 * 1024;
/** Two models side by side, and one behind the first. */
const PIPELINE: PipelineSettings = {
  steps: [
    { model: 'a', inputs: {}, outputs: { x: 'left' } },
    { model: 'b', inputs: {}, outputs: { x: 'right' } },
    { model: 'c', inputs: { x: 'left' }, outputs: { x: 'end' } },
  ],
  outputs: ['end', 'right'],
};

/** Runs a pipeline over the versions of a routed plan under their faults, and checks its rules and a replay. */
export function runPipelined(routed: RoutedPlan): Violation[] {
  const plan = routed as RoutedPlan<FaultPlan, PlannedRequest>;
  const clock = new VirtualClock();
  const seed = `pipelined ${plan.seed}`;
  const random = seededRandom(seed);
  const recorder = new Recorder(clock, { seed, startedWallMs: 0 }, RECORDER_BYTES);
  const registry = new ModelRegistry();
  const steps = Object.entries(plan.versions).map(
    ([model, each]) => new FaultyVersion(model, each, { clock, random, recorder }),
  );
  for (const { version } of steps) registry.add(version);
  const table = new RouteTable({ clock, random: random.fork('table'), registry });
  const calls = new InnerCalls({ clock, random: random.fork('calls'), registry, table });
  const settings = asPipeline(ModelSettings.parse({ timeoutMs: TIMEOUT_MS, pipeline: PIPELINE }));
  const spec = { model: 'p', version: '1', file: 'simulated', settings, ownSample: [] };
  const spawner = new PipelineSpawner(clock, calls, {
    name: 'p/1',
    pipeline: PIPELINE,
    heartbeatPeriodMs: 1_000,
  });
  const recorded = recorder.portsFor(spec, { clock, random, spawner });
  const version = new VersionInService(spec, recorded.ports);
  recorder.watch(recorded.version, version);
  registry.add(version);
  const rules = new PipelineRules(clock);
  for (const [id, { request, cancelAfterMs }] of plan.calls.entries())
    clock.at(request.atMs, () => ask(clock, version, rules, { request, cancelAfterMs, id }), RANK.arrival);
  try {
    for (const each of steps) each.start();
    version.start();
    clock.runUntil(FAULTS_MS + RECOVERY_MS);
    rules.checkEnd([version, ...steps.map((step) => step.version)]);
    version.stop('drain');
    for (const each of steps) each.end();
    version.stop('kill');
    clock.advance(10);
    const { difference } = replay(decodeRecording(recorder.dump()));
    if (difference !== undefined) rules.fail('a replay decides the same', difference);
  } catch (caught) {
    rules.fail('pipelines never throw', String((caught as Error).stack ?? caught));
  }
  if (!version.supervisor.isStopped) rules.fail('a stop ends everything', 'the pipeline is still running');
  return [...rules.violations, ...steps.flatMap(({ violations }) => violations)];
}

function ask(
  clock: VirtualClock,
  version: VersionInService,
  rules: PipelineRules,
  planned: {
    readonly request: PlannedRequest;
    readonly cancelAfterMs: number | undefined;
    readonly id: number;
  },
): void {
  const { request, cancelAfterMs, id } = planned;
  rules.asked(id);
  const entry = version.submit({ ...requestOf(request, id), timeoutMs: TIMEOUT_MS }, (outcome) =>
    rules.settled(id, outcome),
  );
  if (isRefusal(entry)) rules.settled(id, entry);
  else if (!('cached' in entry) && cancelAfterMs !== undefined)
    clock.at(clock.now() + cancelAfterMs, () => version.cancel(entry), RANK.cancel);
}

/** What holds for a pipeline, whatever happens to its steps. */
class PipelineRules {
  readonly violations: Violation[] = [];
  readonly #clock: VirtualClock;
  readonly #outcomes = new Map<number, (Answer | Refusal)[]>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  asked(id: number): void {
    this.#outcomes.set(id, []);
  }

  settled(id: number, outcome: Answer | Refusal): void {
    this.#outcomes.get(id)?.push(outcome);
    if (isRefusal(outcome)) return;
    const names = outcome.outputs.map(({ name }) => name).join();
    if (names !== 'end,right')
      this.fail('an answer has the outputs of the pipeline', `request ${id}: ${names}`);
  }

  /** Call after all deadlines have passed. */
  checkEnd(versions: readonly VersionInService[]): void {
    for (const [id, { length }] of this.#outcomes) {
      if (length !== 1)
        this.fail('every request is answered exactly once', `request ${id}: ${length} answers`);
    }
    for (const { name, path } of versions) {
      const { inFlight } = path.service;
      if (inFlight > 0) this.fail('no call outlives its request', `${inFlight} are in flight in ${name}`);
    }
  }

  fail(rule: string, detail: string): void {
    this.violations.push({ rule, detail: `at ${this.#clock.now().toFixed(1)} ms: ${detail}` });
  }
}
