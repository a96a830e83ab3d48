import type { Random } from '../../base/random.ts';

/** A version that is desired. Another revision is another content of the same files. */
export interface DesiredVersion {
  readonly version: string;
  readonly revision: number;
  /** It cannot be loaded. */
  readonly isBroken: boolean;
}

/** A change of what is to be served, or a command. */
export type CatalogChange = { readonly atMs: number } & (
  | { readonly kind: 'desire'; readonly versions: readonly DesiredVersion[]; readonly isModelBroken: boolean }
  | { readonly kind: 'hold' | 'anew' | 'retry'; readonly versions: readonly DesiredVersion[] }
  | { readonly kind: 'roll back' }
);

/** A model whose versions change under load and faults. */
export interface CatalogPlan<Fault = unknown, Request = unknown> {
  readonly seed: number;
  readonly rollout: { readonly strategy: 'replace' | 'recreate'; readonly keepPrevious: boolean };
  readonly changes: readonly CatalogChange[];
  readonly requests: readonly Request[];
  readonly faults: readonly Fault[];
  /** The server stops then; undefined: after everything has come to rest. */
  readonly stopAtMs: number | undefined;
}

/** Share of the plans without a rush that also change a catalog. */
export const CATALOG_SHARE = 0.25;

/** Faults that concern a replica which starts; the others are those of replicas that serve. */
const AT_START: ReadonlySet<string> = new Set([
  'crash at start',
  'hang at start',
  'spawn fails',
  'slow',
  'stall',
]);
const NUMBERS = ['1', '2', '3', '4'];

/** Draws the changes of a catalog. */
export function drawCatalog<
  Fault extends { readonly kind: string },
  Request extends { readonly mark: number },
>(
  plan: { readonly seed: number; readonly faults: readonly Fault[]; readonly requests: readonly Request[] },
  lastsMs: number,
  random: Random,
): CatalogPlan<Fault, Request> {
  const between = (low: number, high: number) => low + Math.floor(random.unit() * (high - low + 1));
  const chance = (share: number) => random.unit() < share;
  let revision = 0;
  const versions = (brokenShare: number) =>
    NUMBERS.filter(() => chance(0.4)).map((version) => {
      if (chance(0.5)) revision += 1;
      return { version, revision, isBroken: chance(brokenShare) };
    });
  const times = Array.from({ length: between(1, 12) }, () => between(0, lastsMs)).sort((a, b) => a - b);
  const changes = times.map((atMs): CatalogChange => {
    if (chance(0.2)) return { atMs, kind: 'roll back' };
    const kind = chance(0.7) ? 'desire' : (['hold', 'anew', 'retry'] as const)[between(0, 2)];
    if (kind === undefined || kind === 'desire') {
      return { atMs, kind: 'desire', versions: versions(0.25), isModelBroken: chance(0.5) };
    }
    return { atMs, kind, versions: versions(0.25) };
  });
  revision += 1;
  // The last change is one that can be served, at once or when the faults are over.
  const last = { kind: 'desire', isModelBroken: false, atMs: lastsMs + 1 } as const;
  return {
    seed: plan.seed,
    rollout: { strategy: chance(0.2) ? 'recreate' : 'replace', keepPrevious: chance(0.5) },
    changes: [...changes, { ...last, versions: versions(0).map((each) => ({ ...each, revision })) }],
    requests: plan.requests.filter(({ mark }) => mark === 0),
    faults: plan.faults.filter(({ kind }) => AT_START.has(kind)),
    stopAtMs: chance(0.3) ? between(0, lastsMs) : undefined,
  };
}
