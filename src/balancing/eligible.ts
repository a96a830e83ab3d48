import { select } from '../base/select.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { ReplicaView } from '../replica/roster.ts';

/** The fleet as a pick sees it. */
export interface FleetView {
  /** All replicas. */
  readonly all: readonly ReplicaView[];
  /** Replicas with a credit, in any state. */
  readonly free: readonly ReplicaView[];
  /** The configured number of replicas. */
  readonly wanted: number;
}

/** Below this share of usable replicas, ejection no longer excludes a replica. */
const PANIC_BELOW = 0.5;

/**
 * Replicas that may take callers' work now. Degraded ones are used only when no ready one has room. Ejected ones are
 * used only in panic mode, when so few are usable that trying beats refusing.
 */
export function eligible(fleet: FleetView): readonly ReplicaView[] {
  const ready = select(fleet.free, isReady);
  if (ready.length > 0) return ready;
  const degraded = fleet.free.filter(({ healthStatus }) => healthStatus === 'degraded');
  if (degraded.length > 0) return degraded;
  return isPanic(fleet) ? fleet.free.filter(({ healthStatus }) => healthStatus === 'ejected') : [];
}

function isReady({ healthStatus }: ReplicaView): boolean {
  return healthStatus === 'ready';
}

/** Replicas that may take work at which `avoid` failed; when that is the only ready one, degraded ones are used. */
export function eligibleBut(avoid: ReplicaId | undefined, fleet: FleetView): readonly ReplicaView[] {
  const free = fleet.free.filter(({ id }) => id !== avoid);
  return eligible({ all: fleet.all, free, wanted: fleet.wanted });
}

/** Whether too few replicas are usable to exclude ejected ones. */
export function isPanic({ all, wanted }: Omit<FleetView, 'free'>): boolean {
  const isUsable = ({ healthStatus, isSetApart }: ReplicaView) =>
    healthStatus === 'ready' || healthStatus === 'degraded' || isSetApart;
  const usable = all.filter(isUsable).length;
  return usable < PANIC_BELOW * wanted && all.some(({ healthStatus }) => healthStatus === 'ejected');
}
