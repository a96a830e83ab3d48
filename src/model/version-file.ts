import { join } from 'node:path';
import { type Disk, lookAt, namesIn } from '../base/disk.ts';
import { MODULE_EXTENSIONS } from './module-source.ts';
import { fileNamedBy, type OwnConfig, pipelineOf } from './triton/own-config.ts';

/** What executes a model inside a replica. */
export type RuntimeKind = 'onnx' | 'module' | 'transformers';

/** The file of one version of a model. */
export interface ModelFile {
  readonly version: string;
  /** A pipeline is a model.yaml, or the config.pbtxt of an ensemble, that names other models. */
  readonly runtime: RuntimeKind | 'pipeline';
  readonly file: string;
  /** The folder that contains nothing but this version; undefined for a file among others. */
  readonly folder?: string;
}

interface ModelFileKind {
  readonly file: string;
  readonly runtime: RuntimeKind;
  /** The file is that of a model only beside this one. */
  readonly beside?: string;
}

/** The runtime of a model file, by its extension. */
export const RUNTIMES = [
  { extension: '.onnx', runtime: 'onnx' },
  ...MODULE_EXTENSIONS.map((extension) => ({ extension, runtime: 'module' }) as const),
] as const;
const MODEL_FILES: readonly ModelFileKind[] = [
  ...RUNTIMES.map(({ extension, runtime }) => ({ file: `model${extension}`, runtime })),
  { file: 'config.json', beside: 'tokenizer.json', runtime: 'transformers' },
];
const NAMED_FILES = 5;

/** Whether a folder of these files is meant as that of a model. */
export function isOfModel(names: readonly string[]): boolean {
  return kindAmong(names) !== undefined;
}

function kindAmong(names: readonly string[]): ModelFileKind | undefined {
  return MODEL_FILES.find(({ file, beside = file }) => names.includes(file) && names.includes(beside));
}

/** The model file in a folder, or the reason why there is none. */
export function modelFileIn(
  folder: string,
  version: string,
  { disk, config }: { readonly disk: Disk; readonly config: OwnConfig | undefined },
): ModelFile | string {
  if (config?.isEnsemble === true) return pipelineOf(version, config);
  const place = lookAt(disk, folder);
  if (place.kind === 'unusable') return place.why;
  const names = namesIn(disk, folder);
  if (typeof names === 'string') return names;
  const wanted = fileNamedBy(config);
  const present = wanted === undefined ? kindAmong(names) : wanted.find(({ file }) => names.includes(file));
  if (present === undefined) {
    const there = names.slice(0, NAMED_FILES).join(', ') || 'no files';
    const [only] = wanted ?? [];
    return `${folder} contains ${there}, wanted ${only?.file ?? 'model.onnx, model.ts, model.mts, model.js or model.mjs, or config.json and tokenizer.json'}`;
  }
  const file = join(folder, present.file);
  const found = lookAt(disk, file);
  if (found.kind === 'file') return { version, runtime: present.runtime, file, folder };
  // Triton keeps a model with external data in a folder of the name of its file.
  if (found.kind === 'folder' && config !== undefined)
    return modelFileIn(file, version, { disk, config: undefined });
  return found.kind === 'unusable' ? found.why : `${file} is not a file`;
}
