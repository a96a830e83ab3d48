/** Ends of replicas that a request has met while it ran. Most requests meet none. */
export interface Setbacks {
  /** All that count against its tries: what nothing explains, and what speaks against its batch. */
  losses: number;
  /** Ends that may have come from inside or from outside. */
  unclear: number;
  /** Those of them that it met while it ran alone. */
  unclearAlone: number;
  /** Times it ran longer than usual alone, and made way for others. */
  madeWay: number;
  /** Errors of the model's own that belong to no batch. */
  lateErrors: number;
}

export function noSetbacks(): Setbacks {
  return { losses: 0, unclear: 0, unclearAlone: 0, madeWay: 0, lateErrors: 0 };
}
