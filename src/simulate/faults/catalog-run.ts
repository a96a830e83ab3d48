import { RANK } from '../../base/clock.ts';
import { isRefusal, type Reason, type Refusal } from '../../base/errors.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { Catalog } from '../../fleet/catalog/catalog.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import type { Answer } from '../../model/inference.ts';
import { SimulatedSpawner } from '../backends/simulated-spawner.ts';
import type { CatalogChange, CatalogPlan, DesiredVersion } from './catalog-plan.ts';
import { FaultBackend } from './fault-backend.ts';
import { FAULTS_MS, type FaultPlan, type PlannedFault, type PlannedRequest } from './fault-plan.ts';
import type { Violation } from './invariants.ts';
import { requestOf } from './planned-input.ts';

const MODEL = 'm';
/** The default; what waits longer than this is refused. */
const GRACE_MS = 25_000;
/** After the last change, versions load, and those that were replaced end. */
const REST_MS = 90_000;
/** How long the body of a request arrives after the version was chosen. */
const BODY_MS = 3;

/** Reasons that a request must not get while a version serves: it was admitted, or another one could have answered. */
const NEVER: ReadonlySet<Reason> = new Set<Reason>([
  'MODEL_UNKNOWN',
  'VERSION_UNKNOWN',
  'MODEL_STARTING',
  'DRAINING',
]);

type Plan = CatalogPlan<PlannedFault, PlannedRequest>;

/** Changes the versions of a model under load and faults, and checks the rules of catalogs. */
export function runCatalog(drawn: CatalogPlan, faultPlan: FaultPlan): Violation[] {
  const run = new CatalogRun(drawn as Plan, faultPlan);
  try {
    run.run();
  } catch (caught) {
    run.fail('catalogs never throw', String((caught as Error).stack ?? caught));
  }
  return run.violations;
}

class CatalogRun {
  readonly violations: Violation[] = [];
  readonly #plan: Plan;
  readonly #faultPlan: FaultPlan;
  readonly #clock = new VirtualClock();
  readonly #random: Random;
  readonly #catalog: Catalog<VersionSpec>;
  readonly #made = new Set<VersionInService>();
  readonly #settled = new Map<number, number>();
  #isStopped = false;

  constructor(plan: Plan, faultPlan: FaultPlan) {
    this.#plan = plan;
    this.#faultPlan = { ...faultPlan, faults: plan.faults };
    this.#random = seededRandom(`catalog ${plan.seed}`);
    this.#catalog = new Catalog({
      clock: this.#clock,
      gracePeriodMs: GRACE_MS,
      make: (spec: VersionSpec) => this.#make(spec),
    });
  }

  run(): void {
    const { changes, requests, stopAtMs } = this.#plan;
    for (const [id, planned] of requests.entries()) {
      this.#clock.at(planned.atMs, () => this.#ask(planned, id), RANK.arrival);
    }
    for (const change of changes) this.#clock.at(change.atMs, () => this.#apply(change));
    if (stopAtMs !== undefined) this.#clock.at(stopAtMs, () => this.#stop());
    this.#catalog.open(this.#specOf({ version: '1', revision: 0, isBroken: false })).start();
    this.#clock.runUntil(FAULTS_MS + REST_MS);
    if (stopAtMs === undefined) this.#checkRest();
    this.#stop();
    this.#clock.advance(GRACE_MS);
    this.#catalog.stop('kill');
    this.#clock.advance(1_000);
    this.#checkStop();
  }

  fail(rule: string, detail: string): void {
    this.violations.push({ rule, detail });
  }

  #make(spec: VersionSpec): VersionInService {
    const clock = this.#clock;
    const backend = new FaultBackend(this.#faultPlan, clock, {
      isIsolating: () => false,
      hasBeenReady: () => version.state !== 'starting',
      isGoldenKnown: () => (version.loaded?.golden?.comparesNumbers ?? null) !== null,
    });
    // No input has a mark here, and a made-up one may look as if it had.
    backend.result = () => ({ kind: 'answer' });
    if (spec.file === 'broken') {
      backend.load = () => ({ kind: 'failed', afterMs: this.#faultPlan.loadMs, message: 'half a file' });
    }
    const spawner = new SimulatedSpawner(clock, backend);
    const random = this.#random.fork(`${spec.version} ${this.#made.size}`);
    const version: VersionInService = new VersionInService(spec, { clock, random, spawner });
    this.#made.add(version);
    return version;
  }

  #specOf({ version, revision, isBroken }: DesiredVersion): VersionSpec {
    const { rollout } = this.#plan;
    const { health, ...others } = this.#faultPlan.settings as { readonly health: object };
    // Every version measures itself: it takes longer to start than one that is restarted.
    const settings = ModelSettings.parse({
      ...others,
      rollout,
      health: { ...health, startupTimeoutMs: 6_000 },
    });
    const file = isBroken ? 'broken' : 'good';
    return { model: MODEL, version, file, settings, ownSample: [], artefact: `${file} ${revision}` };
  }

  #apply(change: CatalogChange): void {
    if (change.kind === 'roll back') {
      this.#catalog.rollBack(MODEL);
      return;
    }
    const specs = change.versions.map((each) => this.#specOf(each));
    const model = new Set([MODEL]);
    this.#catalog.apply({
      specs,
      ...(change.kind === 'desire' && change.isModelBroken ? { broken: model } : {}),
      ...(change.kind === 'hold' ? { held: model } : {}),
      ...(change.kind === 'anew' ? { anew: model } : {}),
      ...(change.kind === 'retry' ? { retried: model } : {}),
    });
  }

  #ask(planned: PlannedRequest, id: number): void {
    const found = this.#catalog.registry.find(MODEL, undefined);
    if (isRefusal(found) || !found.isReady) return;
    found.inFlightCalls += 1;
    this.#settled.set(id, 0);
    const settle = (outcome: Answer | Refusal) => {
      found.inFlightCalls -= 1;
      this.#settled.set(id, (this.#settled.get(id) ?? 0) + 1);
      if (isRefusal(outcome) && NEVER.has(outcome.reason) && !this.#isStopped) {
        this.fail(
          'a version that served finishes its calls',
          `call ${id}: ${outcome.reason} ${outcome.message}`,
        );
      }
    };
    this.#clock.at(
      this.#clock.now() + BODY_MS,
      () => {
        const entry = found.submit(requestOf(planned, id), settle);
        if (isRefusal(entry)) settle(entry);
        else if ('cached' in entry) settle(entry.cached);
      },
      RANK.arrival,
    );
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#catalog.stop('drain');
  }

  /** What serves is what was desired last, and nothing else is left. */
  #checkRest(): void {
    const { registry } = this.#catalog;
    const last = this.#plan.changes.at(-1);
    const wanted = last?.kind === 'desire' ? last.versions : [];
    const serving = registry.all().map((version) => `${version.spec.version} ${version.spec.artefact}`);
    const expected = wanted.map(({ version, revision }) => `${version} good ${revision}`);
    if (serving.sort().join() !== expected.sort().join()) {
      this.fail('what is desired is served', `${serving.join(', ')} instead of ${expected.join(', ')}`);
    }
    const notReady = registry.all().filter(({ isReady }) => !isReady);
    for (const { name, whyNotReady } of notReady)
      this.fail('what is desired is served', `${name}: ${whyNotReady}`);
    if (this.#catalog.rollouts().length > 0) this.fail('rollouts end', 'one is under way');
    const kept = this.#plan.rollout.keepPrevious && wanted.length > 0 ? 1 : 0;
    const running = [...this.#made].filter(({ supervisor }) => !supervisor.isStopped).length;
    if (running > wanted.length + kept) {
      this.fail('a version that is not served ends', `${running} versions run, ${wanted.length} are desired`);
    }
  }

  #checkStop(): void {
    const running = [...this.#made].filter(({ supervisor }) => !supervisor.isStopped);
    for (const { name, state } of running)
      this.fail('a stop ends everything', `${name} still runs (${state})`);
    for (const [id, count] of this.#settled) {
      if (count !== 1) this.fail('a call is answered once', `call ${id} was answered ${count} times`);
    }
  }
}
