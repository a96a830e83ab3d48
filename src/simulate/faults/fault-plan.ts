import type { Random } from '../../base/random.ts';
import { STRATEGIES } from '../../config/balancing-settings.ts';
import { CATALOG_SHARE, type CatalogPlan, drawCatalog } from './catalog-plan.ts';
import { drawRouted, ROUTED_SHARE, type RoutedPlan } from './routed-plan.ts';
import { type PlannedScaling, SCALING_SHARE, withScaling } from './scaling-plan.ts';

/** Effect of an input on the replica that runs it. */
export const MARK = {
  ...{ none: 0, crash: 1, exit: 2, hang: 3, garbage: 4, throw: 5, nan: 6 },
  /** Exits with code 0, as if without an error. */
  leave: 7,
  /** Sends SIGKILL or SIGSTOP to itself. */
  killItself: 8,
  stopItself: 9,
  /** Is killed in a way that does not show whether the cause was inside or outside. */
  killUnseen: 10,
  /** Is answered, and leaves an error behind that ends the replica later. */
  late: 11,
} as const;
export type Mark = (typeof MARK)[keyof typeof MARK];

/** Inputs that end any replica that runs them. */
export const POISON: ReadonlySet<Mark> = new Set([
  ...([MARK.crash, MARK.exit, MARK.hang, MARK.garbage, MARK.leave] as const),
  ...([MARK.killItself, MARK.stopItself, MARK.killUnseen] as const),
] as const);

/** A request of the plan. */
export interface PlannedRequest {
  readonly atMs: number;
  readonly rows: number;
  readonly mark: Mark;
  readonly timeoutMs: number | undefined;
  /** The protocol's number. */
  readonly priority: number;
  readonly tenant: string;
  /** Requests with the same number, mark and rows have the same contents; undefined is unique. */
  readonly content: number | undefined;
  readonly isExplained: boolean;
  /** Its client disconnects after this time. */
  readonly cancelAfterMs: number | undefined;
}

export type FaultKind =
  /** Ended from outside. */
  | 'kill'
  /** Ended from outside repeatedly. */
  | 'kill storm'
  /** Ended by its own fault. */
  | 'crash'
  /** Stopped without exiting. */
  | 'freeze'
  | 'crash at start'
  | 'hang at start'
  | 'spawn fails'
  | 'hang once'
  | 'garbage once'
  | 'torn once'
  | 'echo twice'
  | 'slow'
  | 'nan'
  | 'throw'
  | 'wrong numbers'
  | 'leak'
  | 'stall'
  | 'operator restarts'
  | 'operator ejects';

/** A fault of one replica for some time. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly replica: number;
  readonly atMs: number;
  readonly forMs: number;
}

/** A whole run, derived from its seed: settings, traffic and faults. */
export interface FaultPlan {
  readonly seed: number;
  /** More requests come for a while than can be answered in time. */
  readonly hasRush: boolean;
  readonly settings: object;
  readonly replicas: number;
  readonly credits: number;
  readonly loadMs: number;
  readonly fixedMs: number;
  readonly rowMs: number;
  readonly requests: readonly PlannedRequest[];
  readonly faults: readonly PlannedFault[];
  /** Share of the opportunities at which a part of the server itself fails; usually 0. */
  readonly mistakeShare: number;
  /** Scaling of the number of replicas; undefined where it is fixed. */
  readonly scaling: PlannedScaling | undefined;
  /** Three models behind a route, in a run of their own; undefined where there is none. */
  readonly routed: RoutedPlan | undefined;
  /** A model whose versions change, in a run of its own; undefined where there is none. */
  readonly catalog: CatalogPlan | undefined;
  /** Replicas that may load at a time. */
  readonly maxLoading: number;
  /** Loads of another model, which take places in the same spawn queue. */
  readonly otherLoads: readonly { readonly atMs: number; readonly forMs: number }[];
}

/** Duration of traffic and faults; after it everything must recover. */
export const FAULTS_MS = 20_000;

const FAULTS: readonly FaultKind[] = [
  ...(['kill', 'kill storm', 'crash', 'freeze', 'crash at start', 'hang at start', 'spawn fails'] as const),
  ...(['hang once', 'garbage once', 'torn once', 'echo twice', 'slow', 'nan', 'throw'] as const),
  ...(['wrong numbers', 'leak', 'stall', 'operator restarts', 'operator ejects'] as const),
];
const POISONOUS: readonly Mark[] = [...POISON];
const BAD: readonly Mark[] = [MARK.throw, MARK.nan, MARK.late];

/** Draws a plan. */
export function drawPlan(seed: number, random: Random): FaultPlan {
  const between = (low: number, high: number) => low + Math.floor(random.unit() * (high - low + 1));
  const chance = (share: number) => random.unit() < share;
  const oneOf = <T>(list: readonly T[]): T => list[between(0, list.length - 1)] as T;
  const replicas = between(1, 4);
  const maxBatchSize = between(1, 8);
  const fixedMs = chance(0.2) ? between(30, 200) : between(1, 20);
  const rowMs = between(0, 3);
  const capacity = (replicas * maxBatchSize * 1000) / (fixedMs + rowMs * maxBatchSize);
  const count = between(20, 200);
  const rate = Math.min(capacity * (0.1 + 1.1 * random.unit()), (count * 1000) / 2000);
  const maxRows = between(8, 200);

  const tenants = chance(0.5) ? [''] : ['', 'a', 'b', 'flood', 'flood', 'flood', 'flood', 'flood'];
  const hasObjective = chance(0.4);
  // An objective that a single row cannot meet is useless.
  const objective = { latencyMs: between(2, 20) * (fixedMs + rowMs) + 10, percentile: between(50, 99) };
  const goal = oneOf(['latency', 'balanced', 'efficiency'] as const);

  let atMs = 500;
  const requests = Array.from({ length: count }, (): PlannedRequest => {
    atMs += random.unit() * (2000 / rate);
    const drawn = random.unit();
    const mark = drawn < 0.01 ? oneOf(POISONOUS) : drawn < 0.04 ? oneOf(BAD) : MARK.none;
    return {
      atMs: Math.min(atMs, FAULTS_MS),
      rows: between(1, Math.min(3, maxBatchSize)),
      mark,
      timeoutMs: chance(0.2) ? between(50, 20_000) : undefined,
      priority: chance(0.3) ? between(0, 5) : 0,
      tenant: oneOf(tenants),
      content: chance(0.4) ? between(0, 3) : undefined,
      isExplained: chance(0.1),
      cancelAfterMs: chance(0.05) ? between(0, 500) : undefined,
    };
  });
  const faults = Array.from(
    { length: between(0, 6) },
    (): PlannedFault => ({
      kind: oneOf(FAULTS),
      replica: between(0, replicas - 1),
      atMs: between(0, FAULTS_MS),
      forMs: between(100, 8000),
    }),
  );
  const settings = {
    replicas,
    timeoutMs: 60_000,
    ...(hasObjective ? { objective, goal } : {}),
    batching: { maxBatchSize, ...(!hasObjective && chance(0.6) ? { maxWaitMs: between(0, 50) } : {}) },
    singleFlight: chance(0.3),
    cache: { enabled: chance(0.2), maxBytes: between(1_000, 100_000), ttlMs: between(100, 5_000) },
    queue: { maxRows: Math.max(maxRows, maxBatchSize) },
    balancing: { strategy: oneOf(STRATEGIES) },
    warmup: { enabled: chance(0.5), budgetMs: 500 },
    health: {
      startupTimeoutMs: 3000,
      liveness: { periodMs: 1000 },
      readiness: {
        enabled: chance(0.8),
        periodMs: 700,
        timeoutMs: 400,
        restartAfterMs: 4000,
        goldenEvery: between(1, 12),
      },
      watchdogMs: 1500,
      drainTimeoutMs: 2000,
      memory: chance(0.3) ? { softLimitBytes: 200e6, hardLimitBytes: 300e6 } : {},
      restart: { initialDelayMs: 100, maxDelayMs: 1000, maxFailures: between(3, 8), retryFailedMs: 5000 },
      ejection: { baseMs: 1000, maxMs: 5000, sweepMs: 1000 },
      slowStart: { windowMs: chance(0.5) ? 2000 : 0 },
    },
  };
  const credits = between(1, 2);
  const mistakeShare = chance(0.25) ? 0.02 * random.unit() : 0;
  const loadMs = between(0, 300);
  const maxLoading = between(1, replicas);
  const otherLoads = Array.from({ length: between(0, 5) }, () => ({
    ...{ atMs: between(0, FAULTS_MS), forMs: between(10, 3000) },
  }));
  const plan = {
    ...{ seed, settings, replicas, credits, loadMs, fixedMs, rowMs, requests, faults, mistakeShare },
    ...{ maxLoading, otherLoads, hasRush: false, scaling: undefined, routed: undefined },
    catalog: undefined,
  };
  if (chance(RUSH_SHARE)) return withRush(plan, random);
  // Drawn apart, so that the other plans stay as they are.
  const apart = random.fork('scaling');
  const scaled = apart.unit() < SCALING_SHARE ? withScaling(plan, FAULTS_MS, apart) : plan;
  const routes = random.fork('routes');
  const routed = routes.unit() < ROUTED_SHARE ? drawRouted(scaled, FAULTS_MS, routes) : undefined;
  const changes = random.fork('catalog');
  const catalog = changes.unit() < CATALOG_SHARE ? drawCatalog(scaled, FAULTS_MS, changes) : undefined;
  return { ...scaled, routed, catalog };
}

/** Share of the plans in which many more requests come for a while than replicas can answer within the objective. */
const RUSH_SHARE = 0.15;
const RUSH_REQUESTS = 600;
const PLAIN = {
  ...{ rows: 1, mark: MARK.none, timeoutMs: undefined, priority: 0, tenant: '', content: undefined },
  ...{ isExplained: false, cancelAfterMs: undefined },
};

/** Adds a rush, and an objective under which larger batches pay. */
function withRush(plan: FaultPlan, random: Random): FaultPlan {
  const { fixedMs, rowMs, replicas } = plan;
  const maxBatchSize = 8 + Math.floor(56 * random.unit());
  const rowsMs = (fixedMs + rowMs * maxBatchSize) / (replicas * maxBatchSize);
  const gapMs = rowsMs / (1.5 + 3.5 * random.unit());
  const fromMs = 2_000 + 4_000 * random.unit();
  const rush = Array.from({ length: RUSH_REQUESTS }, (_, index) => ({
    ...PLAIN,
    atMs: fromMs + index * gapMs,
  }));
  const objective = { latencyMs: (2 + 4 * random.unit()) * (fixedMs + rowMs) + 10, percentile: 99 };
  const settings = {
    ...plan.settings,
    ...{
      objective,
      goal: 'latency',
      batching: { maxBatchSize, rows: 'independent' },
      queue: { maxRows: 1_000 },
    },
    ...{ singleFlight: false, cache: { enabled: false } },
  };
  return { ...plan, hasRush: true, settings, requests: [...plan.requests, ...rush] };
}
