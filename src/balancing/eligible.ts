import type { ReplicaId } from '../replica/replica.ts';
import type { ReplicaView } from '../replica/roster.ts';

/** The fleet as a pick sees it. */
export interface FleetView {
  /** Everyone who is there. */
  readonly all: readonly ReplicaView[];
  /** Those with a credit, in any state. */
  readonly free: readonly ReplicaView[];
  /** How many replicas there should be. */
  readonly wanted: number;
}

/** Below this share of usable replicas an opinion about the others no longer keeps them out. */
const PANIC_BELOW = 0.5;

/**
 * Who may take callers' work now. Degraded replicas are second choice: they count when no ready one has room.
 * Ejected ones count only in a panic, when so few are left that trying beats refusing.
 */
export function eligible(fleet: FleetView): readonly ReplicaView[] {
  const ready = fleet.free.filter(({ healthStatus }) => healthStatus === 'ready');
  if (ready.length > 0) return ready;
  const degraded = fleet.free.filter(({ healthStatus }) => healthStatus === 'degraded');
  if (degraded.length > 0) return degraded;
  return isPanic(fleet) ? fleet.free.filter(({ healthStatus }) => healthStatus === 'ejected') : [];
}

/** Who may take work that one replica has failed at: where that is the only ready one, second choices are the first. */
export function eligibleBut(avoid: ReplicaId | undefined, fleet: FleetView): readonly ReplicaView[] {
  const free = fleet.free.filter(({ id }) => id !== avoid);
  return eligible({ all: fleet.all, free, wanted: fleet.wanted });
}

/** Whether too few replicas are usable to be choosy. */
export function isPanic({ all, wanted }: Omit<FleetView, 'free'>): boolean {
  const isUsable = ({ healthStatus, isSetApart }: ReplicaView) =>
    healthStatus === 'ready' || healthStatus === 'degraded' || isSetApart;
  const usable = all.filter(isUsable).length;
  return usable < PANIC_BELOW * wanted && all.some(({ healthStatus }) => healthStatus === 'ejected');
}
