import { firstThreads } from '../../config/model-settings.ts';
import { firstReplicas } from '../../fleet/version/version-spec.ts';
import type { ServedModel } from './served-models.ts';

/** Compares threads with cores: one replica with too many threads is a problem, too many in total are a warning. */
export function compareWithCores(
  served: readonly ServedModel[],
  cores: number,
): {
  readonly problems: readonly { readonly model: string; readonly text: string }[];
  readonly warnings: readonly string[];
} {
  const problems = served
    .filter(({ settings }) => firstThreads(settings) > Math.max(1, cores))
    .map(({ model, settings }) => ({
      model,
      text: `threads is ${settings.threads}, wanted at most the number of available cores (${cores})`,
    }));
  const threads = served.reduce(
    (sum, { settings }) => sum + firstReplicas(settings) * firstThreads(settings),
    0,
  );
  const warnings =
    threads > cores
      ? [
          `all replicas together use ${threads} threads on ${cores} cores, so they slow each other down under load: lower replicas or threads`,
        ]
      : [];
  return { problems, warnings };
}
