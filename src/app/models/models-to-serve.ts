import type { LoadedConfig } from '../../config/load-config.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import type { BrokenModel } from '../../model/model-repository.ts';
import { preflight } from './preflight.ts';
import { listModels, lookAgain, type ModelList, type ServedModel } from './served-models.ts';

/**
 * Lists the models to serve and checks them against the machine. Problems of `galley.yaml` are listed; problems of a
 * model's own settings break only that model.
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

/** Checks a broken model again: the versions to serve now, or the model with its new reason. */
export function lookAtModel(config: LoadedConfig, broken: BrokenModel): readonly ServedModel[] | BrokenModel {
  const found = lookAgain(config, broken);
  if ('kind' in found) return found;
  const [problem] = preflight(config.server, found).problems;
  return problem === undefined ? found : { ...broken, reason: problem.text };
}

/** The models to serve; throws a SettingsError when any model is broken. */
export function fitModels(config: LoadedConfig): readonly ServedModel[] {
  const { served, broken, problems } = modelsToServe(config);
  const all = [...problems, ...broken.map(brokenText)];
  if (all.length > 0) throw new SettingsError(all);
  return served;
}

/** The same message as for a model that fails to load. */
export function brokenText({ name, version, reason }: BrokenModel): string {
  return `model '${version === undefined ? name : `${name}/${version}`}' cannot be served: ${reason}`;
}
