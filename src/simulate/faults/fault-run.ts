import { RANK } from '../../base/clock.ts';
import { isRefusal, type Refusal } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { BoundedSpawnQueue } from '../../fleet/lifecycle/spawn-queue.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer } from '../../model/inference.ts';
import { Recorder } from '../../observe/recorder/recorder.ts';
import { decodeRecording } from '../../observe/recorder/recording.ts';
import { SimulatedSpawner } from '../backends/simulated-spawner.ts';
import { replay } from '../replay/replay.ts';
import { runCatalog } from './catalog-run.ts';
import { FaultBackend } from './fault-backend.ts';
import { drawPlan, FAULTS_MS, type FaultPlan, type PlannedRequest } from './fault-plan.ts';
import { Invariants, type Violation } from './invariants.ts';
import { Loads } from './loads.ts';
import { Mistakes } from './mistakes.ts';
import { planFault } from './outside-fault.ts';
import { runPipelined } from './pipelined-run.ts';
import { requestOf } from './planned-input.ts';
import { runRouted } from './routed-run.ts';
import { ScalingUnderFaults } from './scaling-under-faults.ts';

/** Time for recovery after the last fault. */
const RECOVERY_MS = 40_000;
/** Of the plans with a route, one in so many also runs a pipeline over its versions: that and its replay take longer. */
const PIPELINED_EVERY = 4;
const RECORDER_BYTES = 2 * 1024 * 1024;

/** Result of a run under faults. */
export interface FaultRunResult {
  readonly violations: readonly Violation[];
  readonly answered: number;
  readonly refused: number;
}

/** The plan of a seed. */
export function planOf(seed: number): FaultPlan {
  return drawPlan(seed, seededRandom(`plan ${seed}`));
}

/** Runs a plan on the real core with simulated processes behind the real wire, and checks every rule. */
export function runFaults(plan: FaultPlan): FaultRunResult {
  const clock = new VirtualClock();
  const chance = seededRandom(`mistakes ${plan.seed}`);
  const share = () => (clock.now() < FAULTS_MS ? plan.mistakeShare : 0);
  const mistakes = plan.mistakeShare === 0 ? undefined : new Mistakes(chance, share);
  const recorder = new Recorder(
    mistakes?.clockOf(clock) ?? clock,
    { seed: `run ${plan.seed}`, startedWallMs: 0 },
    RECORDER_BYTES,
  );
  const isolating = new Set<string>();
  const processes = new SimulatedSpawner(
    clock,
    new FaultBackend(plan, clock, {
      isIsolating: (replica) => isolating.has(replica),
      hasBeenReady: () => version.state !== 'starting',
      isGoldenKnown: () => (version.loaded?.golden?.comparesNumbers ?? null) !== null,
    }),
  );
  const spawnQueue = new BoundedSpawnQueue(clock, plan.maxLoading);
  const spawner = new Loads(processes, spawnQueue);
  const settings = ModelSettings.parse(plan.settings);
  const spec = { model: 'm', version: '1', file: 'simulated', settings, ownSample: [] };
  const random = seededRandom(`run ${plan.seed}`);
  const { ports, version: index } = recorder.portsFor(spec, { clock, random, spawner, spawnQueue });
  const version = new VersionInService(spec, mistakes?.portsOf(ports, settings) ?? ports);
  recorder.watch(index, version);
  mistakes?.listenTo(version);
  const invariants = new Invariants(plan, clock, version);
  version.path.dispatcher.batchStarted.on(({ work, replica }) => {
    if (work.reason === 'isolation') isolating.add(replica.id);
  });
  version.path.dispatcher.batchEnded.on(({ work, replica }) => {
    if (work.reason === 'isolation') isolating.delete(replica.id);
  });

  const scaling =
    plan.scaling === undefined ? undefined : new ScalingUnderFaults(plan.scaling, clock, version);

  const settled = mistakes?.maybe ?? (() => {});
  for (const [id, request] of plan.requests.entries()) {
    planRequest(clock, version, { invariants, settled }, request, id);
  }
  for (const fault of plan.faults) planFault({ clock, version, processes, isolating }, fault);
  for (const { atMs, forMs } of plan.otherLoads) {
    clock.at(atMs, () => spawner.loadAnother((end) => clock.at(clock.now() + forMs, end)));
  }
  let answered = 0;
  let refused = 0;
  version.path.service.requestSettled.on(({ outcome }) => {
    if (isRefusal(outcome)) refused += 1;
    else answered += 1;
  });
  try {
    version.start();
    clock.runUntil(FAULTS_MS + RECOVERY_MS);
    // A probe may be running.
    for (let wait = 0; wait < 50 && invariants.isAnyoneRunning; wait++) clock.advance(7);
    invariants.checkEnd();
    scaling?.end();
    version.stop('drain');
    clock.advance(10_000);
    version.stop('kill');
    clock.advance(10);
  } catch (caught) {
    invariants.threw(caught);
  }
  const violations = [
    ...invariants.violations,
    ...(scaling?.violations ?? []),
    ...spawner.violations(plan.maxLoading),
    ...(plan.routed === undefined ? [] : runRouted(plan.routed)),
    ...(plan.catalog === undefined ? [] : runCatalog(plan.catalog, plan)),
    ...(plan.routed === undefined || plan.seed % PIPELINED_EVERY > 0 ? [] : runPipelined(plan.routed)),
  ];
  if (!version.supervisor.isStopped)
    violations.push({ rule: 'a stop ends everything', detail: 'a replica is still running' });
  const uncontained = mistakes?.end();
  if (uncontained !== undefined) violations.push({ rule: 'mistakes are contained', detail: uncontained });
  // A recording with gaps cannot be replayed.
  const difference = mistakes === undefined ? replayed(recorder) : undefined;
  if (difference !== undefined) violations.push({ rule: 'a replay decides the same', detail: difference });
  return { violations, answered, refused };
}

function replayed(recorder: Recorder): string | undefined {
  try {
    return replay(decodeRecording(recorder.dump())).difference;
  } catch (caught) {
    return `it threw ${String(caught)}`;
  }
}

function planRequest(
  clock: VirtualClock,
  version: VersionInService,
  { invariants, settled }: { readonly invariants: Invariants; readonly settled: () => void },
  planned: PlannedRequest,
  id: number,
): void {
  const arrive = () => {
    invariants.submitted(id);
    const settle = (outcome: Answer | Refusal) => {
      invariants.answered(id, outcome);
      settled();
    };
    const { tenant, isExplained } = planned;
    const caller = {
      tenant: { name: tenant, weight: tenant === 'a' ? 2 : 1 },
      timeoutMs: undefined,
      isExplained,
      waitedMs: 0,
    };
    // The gateway asks first whether the body is needed.
    const turnedAway = version.doorway.turnAway(caller, id % 7 === 0 ? id % 5 : 0);
    if (turnedAway !== undefined) {
      invariants.answered(id, turnedAway);
      return;
    }
    const entry = version.submit(requestOf(planned, id), settle, caller);
    if (isRefusal(entry)) invariants.answered(id, entry);
    else if ('cached' in entry) invariants.answered(id, entry.cached);
    else if (planned.cancelAfterMs !== undefined) {
      clock.at(clock.now() + planned.cancelAfterMs, () => version.cancel(entry), RANK.cancel);
    }
  };
  clock.at(planned.atMs, arrive, RANK.arrival);
}
