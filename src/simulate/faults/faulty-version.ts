import type { Random } from '../../base/random.ts';
import type { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Recorder } from '../../observe/recorder/recorder.ts';
import { SimulatedSpawner } from '../backends/simulated-spawner.ts';
import { FaultBackend } from './fault-backend.ts';
import type { FaultPlan } from './fault-plan.ts';
import { Invariants, type Violation } from './invariants.ts';
import { planFault } from './outside-fault.ts';

/** A version on simulated processes under the faults of a plan, with the rules that hold for each version. */
export class FaultyVersion {
  readonly version: VersionInService;
  readonly #clock: VirtualClock;
  readonly #invariants: Invariants;

  constructor(
    model: string,
    plan: FaultPlan,
    {
      clock,
      random,
      recorder,
    }: { readonly clock: VirtualClock; readonly random: Random; readonly recorder?: Recorder },
  ) {
    this.#clock = clock;
    const isolating = new Set<string>();
    const processes = new SimulatedSpawner(
      clock,
      new FaultBackend(plan, clock, {
        isIsolating: (replica) => isolating.has(replica),
        hasBeenReady: () => this.version.state !== 'starting',
        isGoldenKnown: () => (this.version.loaded?.golden?.comparesNumbers ?? null) !== null,
      }),
    );
    const settings = ModelSettings.parse(plan.settings);
    const spec = { model, version: '1', file: 'simulated', settings, ownSample: [] };
    const ports = { clock, random, spawner: processes };
    const recorded = recorder?.portsFor(spec, ports);
    this.version = new VersionInService(spec, recorded?.ports ?? ports);
    if (recorded !== undefined) recorder?.watch(recorded.version, this.version);
    const { version } = this;
    this.#invariants = new Invariants(plan, clock, version);
    version.path.dispatcher.batchStarted.on(({ work, replica }) => {
      if (work.reason === 'isolation') isolating.add(replica.id);
    });
    version.path.dispatcher.batchEnded.on(({ work, replica }) => {
      if (work.reason === 'isolation') isolating.delete(replica.id);
    });
    for (const fault of plan.faults) planFault({ clock, version, processes, isolating }, fault);
  }

  get violations(): Violation[] {
    const { name, supervisor } = this.version;
    const found = this.#invariants.violations.map(({ rule, detail }) => ({
      rule,
      detail: `${name} ${detail}`,
    }));
    if (!supervisor.isStopped)
      found.push({ rule: 'a stop ends everything', detail: `${name}: a replica is still running` });
    return found;
  }

  start(): void {
    this.version.start();
  }

  /** Checks the version after recovery, and ends it. */
  end(): void {
    // A probe may be running.
    for (let wait = 0; wait < 50 && this.#invariants.isAnyoneRunning; wait++) this.#clock.advance(7);
    this.#invariants.checkEnd();
    this.version.stop('drain');
    this.#clock.advance(10_000);
    this.version.stop('kill');
    this.#clock.advance(10);
  }
}
