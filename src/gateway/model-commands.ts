import type { Refusal } from '../base/errors.ts';
import type { TritonConfig } from '../model/triton/translate.ts';

/** A model, or one version of it, that exists and is not served as its folder and settings say. */
export interface UnservedModel {
  readonly name: string;
  readonly version?: string | undefined;
  readonly reason: string;
}

/** What a model is loaded with in place of what its files say; both are read, and not validated. */
export interface LoadOverrides {
  /** In the form of model.yaml. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** Takes the place of its config.pbtxt. `settings` override it. */
  readonly config?: Pick<TritonConfig, 'settings' | 'modelFile'> | undefined;
}

/** What operators may do to the models that are served. Each resolves when it has taken effect, or with the refusal. */
export interface ModelCommands {
  /** Models and versions that are not served as desired, for the repository index. */
  unserved(): readonly UnservedModel[];
  /** Loads a model, or loads it anew. */
  load(model: string, overrides?: LoadOverrides): Promise<Refusal | undefined>;
  /** Unloads a model, and on request the models that only it calls. */
  unload(model: string, withDependents: boolean): Promise<Refusal | undefined>;
  /** Serves a version in place of the present one; without a number, the versions of the last load, else of the settings. */
  rollOut(model: string, version: string | undefined): Promise<Refusal | undefined>;
  /** Serves the version before the present one again. */
  rollBack(model: string): Promise<Refusal | undefined>;
}
