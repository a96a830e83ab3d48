import type { LoadedConfig } from '../config/load-config.ts';
import { SettingsError } from '../config/settings-problem.ts';
import type { BrokenModel } from '../model/model-repository.ts';
import { preflight } from './preflight.ts';
import { listModels, lookAgain, type ModelList, type ServedModel } from './served-models.ts';

/**
 * What is to be served, held against the machine as well. Problems of `galley.yaml` are listed, those of a model's own
 * settings break that model alone.
 */
export function modelsToServe(config: LoadedConfig): ModelList {
  const list = listModels(config);
  const { problems, warnings } = preflight(config.server, list.served);
  const own = new Map<string, ServedModel>();
  for (const served of list.served) if (served.settingsFile !== undefined) own.set(served.model, served);
  const broken = [...new Set(problems.map(({ model }) => model))].flatMap((name): BrokenModel[] => {
    const path = own.get(name)?.settingsFile;
    const texts = problems.filter(({ model }) => model === name).map(({ text }) => text);
    const reason = [...new Set(texts)].join('; ');
    return path === undefined ? [] : [{ kind: 'broken', name, path, reason }];
  });
  return {
    served: list.served.filter(({ model }) => broken.every(({ name }) => name !== model)),
    broken: [...list.broken, ...broken],
    warnings: [...list.warnings, ...warnings],
    problems: [
      ...list.problems,
      ...problems
        .filter(({ model }) => !own.has(model))
        .map(({ model, text }) => `model '${model}': ${text}`),
    ],
  };
}

/** Looks at a model that was broken once more. */
export function lookAtModel(config: LoadedConfig, broken: BrokenModel): readonly ServedModel[] | BrokenModel {
  const found = lookAgain(config, broken);
  if ('kind' in found) return found;
  const [problem] = preflight(config.server, found).problems;
  return problem === undefined ? found : { ...broken, reason: problem.text };
}

/** The same where every model must be fit to be served: what is broken is a problem like any other. */
export function fitModels(config: LoadedConfig): readonly ServedModel[] {
  const { served, broken, problems } = modelsToServe(config);
  const all = [...problems, ...broken.map(brokenText)];
  if (all.length > 0) throw new SettingsError(all);
  return served;
}

/** In the words of a model that failed while it was loaded. */
export function brokenText({ name, version, reason }: BrokenModel): string {
  return `model '${version === undefined ? name : `${name}/${version}`}' cannot be served: ${reason}`;
}
