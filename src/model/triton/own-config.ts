import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DISK, lookAt } from '../../base/disk.ts';
import { messageOf } from '../../base/errors.ts';
import { isModuleFile } from './module-file.ts';
import { remarkText } from './place.ts';
import { readTritonConfig } from './translate.ts';

/** The configuration of a model in a repository of Triton, beside the folders of its versions. */
export const TRITON_CONFIG = 'config.pbtxt';
/** Read at a start, before the port is open. */
const MOST_BYTES = 1024 * 1024;
/** Limits the length of a reason. */
const MOST_PROBLEMS = 20;

/** What the config.pbtxt of a model says. */
export interface OwnConfig {
  readonly file: string;
  /** In the form of model.yaml, not validated. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What is ignored, or differs from Triton; each with its place. */
  readonly notes: readonly string[];
  /** The name of the model file, if the configuration names one. */
  readonly modelFile: string | undefined;
  /** The model consists of steps, and its versions have no files. */
  readonly isEnsemble: boolean;
  /** Folders such as 01, which are no versions for Triton. */
  readonly skipped: readonly string[];
}

/**
 * Reads the configuration of a model whose folder contains `names`; the reason with its places when the model cannot be
 * served with it.
 */
export function ownConfig(file: string, name: string, names: readonly string[]): OwnConfig | string {
  const found = lookAt(DISK, file);
  if (found.kind !== 'file') return found.kind === 'unusable' ? found.why : `${file} is not a file`;
  let text: string;
  try {
    if (statSync(file).size > MOST_BYTES) return `${file} has more than ${MOST_BYTES} bytes`;
    text = readFileSync(file, 'utf8');
  } catch (caught) {
    return messageOf(caught);
  }
  const { problems, notes, ...config } = readTritonConfig(text, name);
  if (problems.length > 0) {
    const named = problems.slice(0, MOST_PROBLEMS).map((problem) => remarkText(file, problem));
    const more = problems.length - named.length;
    return [...named, ...(more > 0 ? [`… ${more} more`] : [])].join('; ');
  }
  const skipped = names.filter((each) => /^0\d+$/.test(each));
  return {
    ...{ ...config, file, skipped },
    notes: [
      ...notes.map((note) => remarkText(file, note)),
      ...skipped.map(
        (folder) => `${join(dirname(file), folder)} is skipped: a version does not begin with 0`,
      ),
    ],
  };
}

/** A version of an ensemble, which has no file of its own: its configuration is what is served. */
export function pipelineOf(version: string, { file }: OwnConfig) {
  return { version, runtime: 'pipeline', file } as const;
}

/** The only file of a version that the configuration allows; undefined when it names none. */
export function fileNamedBy(config: OwnConfig | undefined) {
  const file = config?.modelFile;
  if (file === undefined) return undefined;
  return [{ file, runtime: isModuleFile(file) ? ('module' as const) : ('onnx' as const) }];
}
