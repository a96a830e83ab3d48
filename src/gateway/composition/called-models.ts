import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { targetNamed } from '../../routing/route-plan.ts';

/** The models that each of these models names: in the steps of its pipeline, or as those that it uses. */
export function calledModels(
  versions: readonly VersionInService[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const called = new Map<string, Set<string>>();
  for (const { spec, metadata } of versions) {
    const names = [
      ...(spec.settings.pipeline?.steps ?? []).map(({ model }) => model),
      ...(metadata?.uses ?? []),
    ];
    const known = called.get(spec.model) ?? new Set();
    called.set(spec.model, known);
    for (const name of names) known.add(targetNamed(name).model);
  }
  return called;
}

/**
 * The models that only this one calls, directly or over others of them: nothing needs them once it is unloaded. `kept`:
 * names that are needed for another reason.
 */
export function calledOnlyBy(
  model: string,
  called: ReadonlyMap<string, ReadonlySet<string>>,
  kept: ReadonlySet<string>,
): readonly string[] {
  const leaving = new Set([model]);
  for (const each of leaving) {
    // One that stays for a caller which leaves later is looked at again: that caller names it too.
    for (const name of called.get(each) ?? []) {
      if (!called.has(name) || kept.has(name)) continue;
      const isNeeded = [...called].some(([other, names]) => !leaving.has(other) && names.has(name));
      if (!isNeeded) leaving.add(name);
    }
  }
  leaving.delete(model);
  return [...leaving];
}
