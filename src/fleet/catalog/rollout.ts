import type { VersionInService } from '../version/version-in-service.ts';

/** A version that loads and warms up to take the place of another one, which serves meanwhile. */
export interface Rollout {
  /** undefined where the new version replaces none. */
  readonly old: VersionInService | undefined;
  readonly new: VersionInService;
}

/** How a rollout ended. */
export type RolledOut =
  | { readonly kind: 'done'; readonly version: VersionInService }
  /** The new version failed; the old one, if there is one, continues to serve. */
  | { readonly kind: 'kept'; readonly version: VersionInService | undefined; readonly reason: string }
  /** Something else is desired meanwhile. */
  | { readonly kind: 'cancelled'; readonly version: VersionInService | undefined; readonly reason: string };

/** The end of a rollout, with what was to be served. */
export interface Ended<Spec> {
  readonly spec: Spec;
  readonly result: RolledOut;
}
