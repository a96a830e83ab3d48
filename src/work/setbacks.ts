/** Ends of replicas while a request ran in them. Most requests have none. */
export interface Setbacks {
  /** Ends that count against its tries: unexplained ones, and those attributed to its batch. */
  losses: number;
  /** Ends that may have been caused from inside or outside. */
  unclear: number;
  /** Unclear ends while it ran alone. */
  unclearAlone: number;
  /** Runs alone that exceeded the usual time and were ended in favour of others. */
  madeWay: number;
  /** Errors of the model that belong to no batch. */
  lateErrors: number;
}

export function noSetbacks(): Setbacks {
  return { losses: 0, unclear: 0, unclearAlone: 0, madeWay: 0, lateErrors: 0 };
}
