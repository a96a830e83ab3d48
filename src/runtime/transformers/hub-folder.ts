import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DISK, lookAt, namesIn } from '../../base/disk.ts';
import { messageOf } from '../../base/errors.ts';
import type { TransformersSettings } from '../../config/transformers-settings.ts';

/** What the runtime needs of a model's `config.json`. */
interface HubConfig {
  readonly architectures?: readonly string[];
  readonly id2label?: Readonly<Record<string, string>>;
  readonly problem_type?: string;
  readonly max_position_embeddings?: number;
}

/** A model in the layout of the Hugging Face hub. */
export interface HubFolder {
  readonly folder: string;
  readonly config: HubConfig;
  readonly task: NonNullable<TransformersSettings['task']>;
  /** The folder of the weights inside it: `onnx`, or empty where they are beside `config.json`. */
  readonly subfolder: 'onnx' | '';
  readonly weights: string;
}

type Dtype = TransformersSettings['dtype'];

/** Other datatypes have their own name. */
const FILE_SUFFIX: Partial<Record<Dtype, string>> = { fp32: '', q8: '_quantized' };

/** Reads a model's folder. Throws when a part of the model is missing, and names what is there. */
export function readHubFolder(file: string, { task, dtype }: TransformersSettings): HubFolder {
  const folder = dirname(file);
  const config = readConfig(join(folder, 'config.json'));
  const tokenizer = join(folder, 'tokenizer.json');
  if (lookAt(DISK, tokenizer).kind !== 'file') {
    throw new Error(`${tokenizer} does not exist: copy it from the model's repository`);
  }
  const subfolder = lookAt(DISK, join(folder, 'onnx')).kind === 'folder' ? 'onnx' : '';
  const weights = join(folder, subfolder, `model${FILE_SUFFIX[dtype] ?? `_${dtype}`}.onnx`);
  if (lookAt(DISK, weights).kind !== 'file') throw noWeights(weights);
  const isClassifier = config.architectures?.some((name) => name.endsWith('ForSequenceClassification'));
  return {
    ...{ folder, config, subfolder, weights },
    task: task ?? (isClassifier === true ? 'text-classification' : 'feature-extraction'),
  };
}

function readConfig(path: string): HubConfig {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as HubConfig;
  } catch (caught) {
    throw new Error(
      `${path} cannot be read: ${messageOf(caught)}; the runtime transformers needs the model's config.json`,
      { cause: caught },
    );
  }
}

function noWeights(weights: string): Error {
  const names = namesIn(DISK, dirname(weights));
  const others = typeof names === 'string' ? [] : names.filter((name) => name.endsWith('.onnx'));
  return new Error(
    others.length === 0
      ? `${weights} does not exist: the runtime transformers needs weights in ONNX format`
      : `${weights} does not exist, found ${others.join(', ')}: set transformers.dtype`,
  );
}
