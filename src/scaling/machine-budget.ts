/** What one version needs of the machine, and holds of it. */
export interface Claim {
  readonly name: string;
  readonly minReplicas: number;
  readonly wanted: number;
  /** Replicas that serve or are on their way. */
  readonly held: number;
  /** Of those, replicas too young to be taken back. */
  readonly young: number;
  readonly draining: number;
  readonly threads: number;
  /** Memory of one replica that one in twenty exceeds; 0 while it is unknown. */
  readonly replicaBytes: number;
  readonly weight: number;
}

/** What the replicas of all versions may use together. */
export interface MachineBudget {
  readonly cores: number;
  readonly memoryBytes: number;
}

/** What one version gets, and what kept it from more; empty where it gets what it wants. */
export interface Grant {
  readonly replicas: number;
  readonly limit: string;
}

/** A version that holds a replica keeps it, unless another needs it by so much more. */
const HOLDERS_BONUS = 1.25;

/**
 * Divides the machine: the minimum of each version first, then one replica at a time to the version that needs it most.
 * Minimums are granted even where they do not fit together.
 */
export function divide(claims: readonly Claim[], budget: MachineBudget): ReadonlyMap<string, Grant> {
  const granted = new Map(claims.map((claim) => [claim.name, leastOf(claim)]));
  const usedBy = (of: (claim: Claim) => number) =>
    claims.reduce(
      (sum, claim) => sum + of(claim) * ((granted.get(claim.name) as number) + claim.draining),
      0,
    );
  let cores = usedBy(({ threads }) => threads);
  let bytes = usedBy(({ replicaBytes }) => replicaBytes);
  const fits = ({ threads, replicaBytes }: Claim) =>
    cores + threads <= budget.cores && bytes + replicaBytes <= budget.memoryBytes;
  for (;;) {
    const next = neediest(claims, granted, fits);
    if (next === undefined) break;
    granted.set(next.name, (granted.get(next.name) as number) + 1);
    cores += next.threads;
    bytes += next.replicaBytes;
  }
  return new Map(
    claims.map((claim) => [claim.name, grantOf(claim, granted.get(claim.name) as number, budget)]),
  );
}

/** What is never taken back: the minimum, and replicas that have not paid for their start yet. */
function leastOf({ minReplicas, wanted, young }: Claim): number {
  return Math.max(Math.min(minReplicas, Math.max(wanted, minReplicas)), Math.min(young, wanted));
}

function neediest(
  claims: readonly Claim[],
  granted: ReadonlyMap<string, number>,
  fits: (claim: Claim) => boolean,
): Claim | undefined {
  let best: { readonly claim: Claim; readonly value: number } | undefined;
  for (const claim of claims) {
    const has = granted.get(claim.name) as number;
    if (has >= claim.wanted || !fits(claim)) continue;
    const bonus = has < claim.held ? HOLDERS_BONUS : 1;
    const value = (bonus * claim.weight * (claim.wanted - has)) / claim.wanted / claim.threads;
    const isFirst =
      best === undefined || value > best.value || (value === best.value && claim.name < best.claim.name);
    if (isFirst) best = { claim, value };
  }
  return best?.claim;
}

function grantOf({ wanted, threads, replicaBytes }: Claim, replicas: number, budget: MachineBudget): Grant {
  if (replicas >= wanted) return { replicas, limit: '' };
  const forMemory = replicaBytes > 0 && Math.floor(budget.memoryBytes / replicaBytes) <= replicas;
  const limit = forMemory
    ? `the replicas of all models have ${Math.round(budget.memoryBytes / 2 ** 20)} MiB of memory`
    : `the replicas of all models have ${budget.cores} cores, ${threads} for each of these`;
  return { replicas, limit };
}
