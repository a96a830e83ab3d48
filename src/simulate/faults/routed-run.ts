import { RANK } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { RoutesSettings } from '../../config/route-settings.ts';
import { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { enterRoute } from '../../gateway/routes/route-destination.ts';
import { RouteTable } from '../../gateway/routes/route-table.ts';
import type { RoutedPorts } from '../../gateway/routes/routed-call.ts';
import { RoutedRequest } from '../../gateway/routes/routed-request.ts';
import type { Answer } from '../../model/inference.ts';
import type { FaultPlan, PlannedRequest } from './fault-plan.ts';
import { FAULTS_MS } from './fault-plan.ts';
import { FaultyVersion } from './faulty-version.ts';
import type { Violation } from './invariants.ts';
import { requestOf } from './planned-input.ts';
import { RoutedInvariants } from './routed-invariants.ts';
import type { RoutedCallPlan, RoutedPlan } from './routed-plan.ts';

/** After the faults, replicas recover, and every attempt reaches its deadline. */
const RECOVERY_MS = 45_000;
const TIMEOUT_MS = 20_000;
const ROUTE = 'r';

type Plan = RoutedPlan<FaultPlan, PlannedRequest>;

/** Runs a route over versions under faults, and checks the rules of routes beside those of each version. */
export function runRouted(routed: RoutedPlan): Violation[] {
  const plan = routed as Plan;
  const clock = new VirtualClock();
  const random = seededRandom(`routed ${plan.seed}`);
  const registry = new ModelRegistry();
  const versions = Object.entries(plan.versions).map(
    ([model, each]) => new FaultyVersion(model, each, { clock, random: random.fork(model) }),
  );
  for (const { version } of versions) registry.add(version);
  const table = new RouteTable({ clock, random: random.fork('table'), registry });
  table.replace(RoutesSettings.parse({ [ROUTE]: plan.route }));
  const refused: RoutedPorts['refused'] = new Event();
  const ports = { clock, random: random.fork('ids'), registry, table, refused };
  const invariants = new RoutedInvariants(plan, clock, table);
  for (const [id, call] of plan.calls.entries())
    clock.at(call.request.atMs, () => ask(ports, invariants, call, id), RANK.arrival);
  try {
    for (const each of versions) each.start();
    clock.runUntil(FAULTS_MS + RECOVERY_MS);
    invariants.checkEnd();
    for (const each of versions) each.end();
  } catch (caught) {
    invariants.threw(caught);
  }
  table.stop();
  return [...invariants.violations, ...versions.flatMap(({ violations }) => violations)];
}

function ask(
  ports: RoutedPorts,
  invariants: RoutedInvariants,
  { request: planned, headers, cancelAfterMs }: RoutedCallPlan<PlannedRequest>,
  id: number,
): void {
  const { clock, table } = ports;
  const route = table.find(ROUTE);
  invariants.asked(id);
  const settle = (outcome: Answer | Refusal) => invariants.settled(id, outcome);
  if (route === undefined) {
    settle(refuse('MODEL_UNKNOWN', 'no route'));
    return;
  }
  const view = { name: ROUTE, fields: headers, tenant: '', version: undefined, request: undefined };
  const destination = enterRoute(route, view, ports);
  if (isRefusal(destination)) {
    settle(destination);
    return;
  }
  const request = { ...requestOf(planned, id), timeoutMs: TIMEOUT_MS };
  const receivedAt = clock.now();
  const caller = { tenant: { name: '', weight: 1 }, timeoutMs: undefined, isExplained: false, waitedMs: 0 };
  const call = { destination, caller, request, receivedAt, deadline: receivedAt + TIMEOUT_MS };
  const routed = new RoutedRequest(ports, call, settle);
  routed.start();
  if (cancelAfterMs === undefined) return;
  clock.at(
    clock.now() + cancelAfterMs,
    () => {
      invariants.left(id);
      routed.cancel();
    },
    RANK.cancel,
  );
}
