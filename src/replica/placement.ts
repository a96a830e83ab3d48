/** Where a replica runs, and how large it is. */
export interface Placement {
  /** `cpu`, or a device that the runtime knows. */
  readonly device: string;
  /** Threads with which it computes. */
  readonly threads: number;
}

export function isSamePlacement(one: Placement, other: Placement): boolean {
  return one.device === other.device && one.threads === other.threads;
}
