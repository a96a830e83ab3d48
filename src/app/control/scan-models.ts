import { statSync } from 'node:fs';
import type { LoadedConfig } from '../../config/load-config.ts';
import { filesOf } from '../../model/artefact.ts';
import { type BrokenModel, brokenModel } from '../../model/model-repository.ts';
import { readOnnxFile } from '../../model/onnx-file.ts';
import { modelsToServe } from '../models/models-to-serve.ts';
import { artefactNow, type ModelList, type ServedModel } from '../models/served-models.ts';

/** The models to serve, with what identifies the contents of their files. */
export interface ModelScan extends ModelList {
  /** All files of each model, as far as they are known. */
  readonly files: readonly { readonly model: string; readonly path: string }[];
}

/**
 * Lists the models and reads their files: it takes as long as the files are large, so it belongs in a thread. A model file
 * whose copy is not complete is broken, so that what serves stays. Throws a SettingsError when the folder cannot be read.
 */
export function scanModels(config: LoadedConfig): ModelScan {
  const list = modelsToServe(config);
  const served: ServedModel[] = [];
  const broken = [...list.broken];
  for (const each of list.served) {
    const incomplete = whyIncomplete(each);
    if (incomplete === undefined) served.push({ ...each, artefact: artefactNow(each) });
    else broken.push(incomplete);
  }
  const files = served.flatMap((each) => pathsOf(each).map((path) => ({ model: each.model, path })));
  return { ...list, served, broken, files };
}

function whyIncomplete({ model, version, runtime, file }: ServedModel): BrokenModel | undefined {
  if (runtime !== 'onnx') return undefined;
  try {
    const { size } = statSync(file);
    if (size > 0 && readOnnxFile(file) !== undefined) return undefined;
    const reason = `${file} is not a complete ONNX model (${size} bytes): it is loaded when its copy is complete`;
    return { ...brokenModel(model, file, reason), version };
  } catch {
    // A replica that loads it reports why it cannot be read.
    return undefined;
  }
}

function pathsOf({ runtime, file, settingsFile }: ServedModel): string[] {
  const beside = settingsFile === undefined ? [] : [settingsFile];
  if (runtime === 'pipeline') return [file];
  try {
    return [...filesOf(runtime, file), ...beside];
  } catch {
    return [file, ...beside];
  }
}
