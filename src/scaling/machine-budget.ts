/** What one version needs of the machine, and holds of it. */
export interface Claim {
  readonly name: string;
  readonly minReplicas: number;
  readonly wanted: number;
  /** Replicas that serve or are on their way. */
  readonly held: number;
  /** Of those, replicas too young to be taken back. */
  readonly young: number;
  /** Replicas that were given back and have not ended. */
  readonly draining: number;
  readonly threads: number;
  /** Memory of the largest replica; 0 while it is unknown. */
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
 * Divides the machine, and returns what each claim gets, in their order: the minimum of each version first, then one
 * replica at a time to the version that needs it most. Minimums are granted even where they do not fit together. What one
 * version gives back goes to another only when it has ended.
 */
export function divide(claims: readonly Claim[], budget: MachineBudget): readonly Grant[] {
  const shares = sharesOf(claims, budget);
  const present = (of: (claim: Claim) => number) =>
    claims.reduce((sum, claim) => sum + of(claim) * (floorOf(claim) + claim.draining), 0);
  let freeCores = budget.cores - present(({ threads }) => threads);
  let freeBytes = budget.memoryBytes - present(({ replicaBytes }) => replicaBytes);
  return claims.map((claim, index) => {
    const { threads, replicaBytes } = claim;
    const share = shares[index] as number;
    let replicas = Math.min(share, floorOf(claim));
    while (replicas < share && threads <= freeCores && replicaBytes <= freeBytes) {
      replicas += 1;
      freeCores -= threads;
      freeBytes -= replicaBytes;
    }
    return grantOf(claim, replicas, budget);
  });
}

/** What it has, or must have. */
function floorOf({ held, minReplicas }: Claim): number {
  return Math.max(held, minReplicas);
}

/** The number of replicas that each version should have, regardless of what is still running. */
function sharesOf(claims: readonly Claim[], budget: MachineBudget): readonly number[] {
  const shares = claims.map(leastOf);
  const used = (of: (claim: Claim) => number) =>
    claims.reduce((sum, claim, index) => sum + of(claim) * (shares[index] as number), 0);
  let cores = used(({ threads }) => threads);
  let bytes = used(({ replicaBytes }) => replicaBytes);
  const fits = ({ threads, replicaBytes }: Claim) =>
    cores + threads <= budget.cores && bytes + replicaBytes <= budget.memoryBytes;
  for (;;) {
    const next = neediest(claims, shares, fits);
    const claim = claims[next];
    if (claim === undefined) return shares;
    (shares[next] as number) += 1;
    cores += claim.threads;
    bytes += claim.replicaBytes;
  }
}

/** What is never taken back: the minimum, and replicas that have not paid for their start yet. */
function leastOf({ minReplicas, wanted, held, young }: Claim): number {
  return Math.max(minReplicas, Math.min(held, minReplicas + young, wanted));
}

/** The index of the claim that the next replica goes to; -1 when none can have one. */
function neediest(
  claims: readonly Claim[],
  granted: readonly number[],
  fits: (claim: Claim) => boolean,
): number {
  let best = { index: -1, value: 0, name: '' };
  for (const [index, claim] of claims.entries()) {
    const has = granted[index] as number;
    const { name, wanted, held, weight, threads } = claim;
    if (has >= wanted || !fits(claim)) continue;
    const bonus = has < held ? HOLDERS_BONUS : 1;
    const value = (bonus * weight * (wanted - has)) / wanted / threads;
    const isFirst = value > best.value || (value === best.value && name < best.name);
    if (isFirst) best = { index, value, name };
  }
  return best.index;
}

function grantOf({ wanted, threads, replicaBytes }: Claim, replicas: number, budget: MachineBudget): Grant {
  if (replicas >= wanted) return { replicas, limit: '' };
  const forMemory = replicaBytes > 0 && Math.floor(budget.memoryBytes / replicaBytes) <= replicas;
  const limit = forMemory
    ? `the replicas of all models have ${Math.round(budget.memoryBytes / 2 ** 20)} MiB of memory`
    : `the replicas of all models have ${budget.cores} cores, ${threads} for each of these`;
  return { replicas, limit };
}
