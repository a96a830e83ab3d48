import type { VirtualClock } from '../../base/virtual-clock.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { SimulatedSpawner } from '../backends/simulated-spawner.ts';
import type { PlannedFault } from './fault-plan.ts';

/** Shorter than most starts, so that a storm also hits replicas that are starting. */
const KILL_EVERY_MS = 130;

/** A version and its simulated processes. */
export interface UnderFaults {
  readonly clock: VirtualClock;
  readonly version: VersionInService;
  readonly processes: SimulatedSpawner;
  /** Replicas that run a suspect alone. */
  readonly isolating: ReadonlySet<string>;
}

/** Schedules a fault from outside. Faults with a duration are in the backend. */
export function planFault(
  { clock, version, processes, isolating }: UnderFaults,
  { kind, replica, atMs, forMs }: PlannedFault,
): void {
  const id = `${version.name}#${replica}`;
  const at = (dueMs: number, act: () => void) => clock.at(dueMs, act);
  const child = () => (isolating.has(id) ? undefined : processes.children.get(id));
  switch (kind) {
    case 'kill':
      at(atMs, () => processes.children.get(id)?.end(null, 'SIGKILL'));
      break;
    case 'kill storm':
      for (let each = atMs; each < atMs + forMs; each += KILL_EVERY_MS) {
        // A replica killed at every run of one input, and never otherwise, cannot be told from one that the input
        // kills.
        at(each, () => child()?.end(null, 'SIGKILL'));
      }
      break;
    case 'crash':
      at(atMs, () => child()?.end(null, 'SIGSEGV'));
      break;
    case 'freeze':
      at(atMs, () => child()?.freeze());
      break;
    case 'stall':
      at(atMs, () => clock.stall(Math.min(forMs, 1000)));
      break;
    case 'operator restarts':
      at(atMs, () => version.operate('restart', id));
      break;
    case 'operator ejects':
      at(atMs, () => version.operate('eject', id));
      at(atMs + forMs, () => version.operate('restore', id));
      break;
    default:
      break;
  }
}
