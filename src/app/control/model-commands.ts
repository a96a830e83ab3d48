import { basename, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Refusal, refuse } from '../../base/errors.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import { calledModels, calledOnlyBy } from '../../gateway/composition/called-models.ts';
import type { LoadOverrides, ModelCommands, UnservedModel } from '../../gateway/model-commands.ts';
import { targetsOf } from '../../gateway/routes/route-destination.ts';
import { byVersion, versionNamed } from '../../model/model-version.ts';
import type { ModelChanges } from './desired-models.ts';
import type { ModelControl, ModelControlPorts } from './model-control.ts';
import type { ModelScan } from './scan-models.ts';

/** A change of a model with which it could not be loaded. */
interface FailedChange {
  readonly from: ModelChanges;
  readonly to: ModelChanges;
  readonly wasUnloaded: boolean;
}

/** Commands of operators about models, through the one control that also follows files and settings. */
export class OperatorCommands implements ModelCommands {
  readonly #control: ModelControl;
  readonly #catalog: ModelControlPorts['catalog'];
  readonly #routes: ModelControlPorts['routes'];

  constructor(control: ModelControl, { catalog, routes }: Pick<ModelControlPorts, 'catalog' | 'routes'>) {
    this.#control = control;
    this.#catalog = catalog;
    this.#routes = routes;
  }

  unserved(): readonly UnservedModel[] {
    return this.#control.unserved;
  }

  async load(model: string, overrides: LoadOverrides = {}): Promise<Refusal | undefined> {
    return this.#change(model, () => ({ overrides, versions: undefined }), true);
  }

  async unload(model: string, withDependents: boolean): Promise<Refusal | undefined> {
    return this.#control.inTurn(async () =>
      orRefusal('unload', model, async () => {
        if (!this.#isKnown(model)) {
          return refuse('NOT_FOUND', `there is no model '${model.slice(0, 100)}' to unload`);
        }
        await this.#unload(new Set([model, ...(withDependents ? this.#dependentsOf(model) : [])]));
        return undefined;
      }),
    );
  }

  async rollOut(model: string, version: string | undefined): Promise<Refusal | undefined> {
    const number = version && versionNamed(version);
    if (version !== undefined && number === undefined) {
      return refuse('INVALID_INPUT', `'${version.slice(0, 40)}' is not a version, wanted a number`);
    }
    return this.#choose(model, number === undefined ? undefined : [number]);
  }

  async rollBack(model: string): Promise<Refusal | undefined> {
    const whyNot = this.#catalog.rollBack(model);
    if (whyNot === undefined) return undefined;
    const serving = this.#catalog.registry.versionsOf(model).at(-1)?.spec.version;
    if (serving === undefined) return refuse('NOT_FOUND', `'${model.slice(0, 100)}' is not served`);
    const { desired } = this.#control;
    const all = desired.asIf(model, { ...desired.of(model), versions: 'all' });
    const scanned = await orRefusal('roll back', model, async () => this.#control.scan(all));
    if (scanned === undefined || 'kind' in scanned) return scanned;
    const before = scanned.served
      .filter((each) => each.model === model && byVersion(each.version, serving) < 0)
      .map((each) => each.version)
      .toSorted(byVersion)
      .at(-1);
    if (before !== undefined) return this.#choose(model, [before]);
    return refuse('CONFLICT', `'${model}' has no version before ${serving} in its folder, and ${whyNot}`);
  }

  /** Rejects with a SettingsError, and then has unloaded nothing. */
  async #unload(models: ReadonlySet<string>): Promise<void> {
    const { desired } = this.#control;
    const loaded = [...models].filter((model) => !desired.unloaded.has(model));
    for (const model of loaded) desired.unload(model);
    try {
      await this.#control.apply({ only: models });
    } catch (caught) {
      for (const model of loaded) desired.change(model, desired.of(model));
      throw caught;
    }
  }

  /** Whether a model is served, loads, is broken or has been unloaded. */
  #isKnown(model: string): boolean {
    const { registry, rolling } = this.#catalog;
    const names = [
      ...rolling.underWay().map(({ spec }) => spec.model),
      ...this.unserved().map(({ name }) => name),
    ];
    return registry.versionsOf(model).length > 0 || names.includes(model);
  }

  /** The models that only this one calls, and no route leads to. */
  #dependentsOf(model: string): readonly string[] {
    const { registry, rolling } = this.#catalog;
    const versions = [...registry.all(), ...rolling.underWay().map((rollout) => rollout.new)];
    const { table } = this.#routes;
    const targets = table.all().flatMap((route) => targetsOf(route, table));
    return calledOnlyBy(model, calledModels(versions), new Set(targets.map((target) => target.model)));
  }

  /** Serves other versions, loaded as before. */
  async #choose(model: string, versions: ModelChanges['versions']): Promise<Refusal | undefined> {
    return this.#change(model, ({ overrides }) => ({ overrides, versions }), false);
  }

  /** Applies a change of a model and waits for its effect. One that cannot be applied changes nothing. */
  async #change(
    model: string,
    change: (from: ModelChanges) => ModelChanges,
    isAnew: boolean,
  ): Promise<Refusal | undefined> {
    const { desired } = this.#control;
    const one = new Set([model]);
    let takeBack = async () => {};
    const applied = await this.#control.inTurn(async () =>
      orRefusal('load', model, async () => {
        const from = desired.of(model);
        const to = change(from);
        const checked = await this.#control.scan(desired.asIf(model, to));
        const whyNot = whyNotIn(checked, model) ?? whyOtherFile(checked, model, to);
        if (whyNot !== undefined) return whyNot;
        const wasUnloaded = desired.unloaded.has(model);
        if (!isDeepStrictEqual(from, to))
          takeBack = async () => this.#takeBack(model, { from, to, wasUnloaded });
        desired.change(model, to);
        await this.#control.apply({ only: one, asked: one, anew: isAnew ? one : new Set() });
        return undefined;
      }),
    );
    if (applied !== undefined) return applied;
    await this.#control.settled(model);
    const failed = this.#catalog.unserved().find(({ spec }) => spec.model === model);
    if (failed !== undefined) {
      await takeBack();
      return loadFailed(model, failed.reason);
    }
    if (this.#catalog.registry.versionsOf(model).length > 0) return undefined;
    const why = desired.unloaded.has(model) ? 'it was unloaded' : 'it was removed, or the server ends';
    return refuse('CONFLICT', `'${model}' was not loaded: ${why} meanwhile`);
  }

  /** What a model could not be loaded with must not stand in the way of the next command. */
  async #takeBack(model: string, { from, to, wasUnloaded }: FailedChange): Promise<void> {
    const { desired } = this.#control;
    await this.#control.inTurn(async () =>
      orRefusal('load', model, async () => {
        // Another command may have changed it meanwhile.
        if (desired.of(model) !== to) return undefined;
        desired.change(model, from);
        if (wasUnloaded) desired.unload(model);
        await this.#control.apply({ only: new Set([model]) });
        return undefined;
      }),
    );
  }
}

/** Why a model could not be loaded; a broken version does not prevent that others are. */
function whyNotIn({ served, broken, problems }: ModelScan, model: string): Refusal | undefined {
  if (problems.length > 0) return loadFailed(model, problems.join('; '));
  if (served.some((each) => each.model === model)) return undefined;
  const reasons = broken.filter(({ name }) => name === model).map(({ reason }) => reason);
  if (reasons.length > 0) return loadFailed(model, reasons.join('; '));
  return refuse(
    'NOT_FOUND',
    `failed to load '${model.slice(0, 100)}', failed to poll from model repository: it is neither in the models folder nor in the settings`,
  );
}

/** A configuration says which file it is for, and does not choose it: what is on the disk is served. */
function whyOtherFile(
  { served }: ModelScan,
  model: string,
  { overrides }: ModelChanges,
): Refusal | undefined {
  const name = overrides.config?.modelFile;
  if (name === undefined) return undefined;
  // A model with external data is in a folder of this name.
  const isOther = ({ file }: { readonly file: string }) => !file.split(sep).slice(-2).includes(name);
  const other = served.find((each) => each.model === model && isOther(each));
  if (other === undefined) return undefined;
  return loadFailed(
    model,
    `'default_model_filename' is '${name}', wanted ${basename(other.file)}, or nothing`,
  );
}

function loadFailed(model: string, why: string): Refusal {
  return refuse('INVALID_INPUT', `load failed for model '${model}': ${why}`);
}

async function orRefusal<T>(what: string, model: string, change: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await change();
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    return refuse('CONFLICT', `cannot ${what} model '${model}': ${caught.problems.join('; ')}`);
  }
}
