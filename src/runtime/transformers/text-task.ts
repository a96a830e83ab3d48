import type { TransformersSettings } from '../../config/transformers-settings.ts';
import type { ModelOutput } from '../../model/define-model.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { toUnitLength } from '../../tensor/unit-length.ts';
import type { HubFolder } from './hub-folder.ts';
import type { TransformersLibrary } from './transformers-library.ts';

type HubTensor = InstanceType<TransformersLibrary['Tensor']>;

/** What the model answers to a batch of tokenized texts. */
export interface TextResult {
  readonly outputs: Readonly<Record<string, HubTensor>>;
  /** 1 for each token of a text, 0 for padding. */
  readonly mask: HubTensor;
  /** Tokens of each text as the network sees them: after truncation, with those that the tokenizer adds. */
  readonly tokens: Int32Array;
}

/** One kind of model: its outputs, and how they are made of what the network returns. */
export interface TextTask {
  /** `size` is that of a row of the network's output. */
  outputs(size: number): readonly TensorMetadata[];
  /** The floats of a batch, row after row. */
  rows(result: TextResult): Promise<{ readonly values: Float32Array; readonly size: number }>;
  /** The outputs, by name. */
  answer(values: Float32Array, size: number): Readonly<Record<string, ModelOutput>>;
}

/** The task of a folder. */
export function textTask(
  library: TransformersLibrary,
  { task, config }: HubFolder,
  settings: TransformersSettings,
): TextTask {
  return task === 'feature-extraction'
    ? featureExtraction(library, settings)
    : textClassification(Object.values(config.id2label ?? {}), config.problem_type);
}

function featureExtraction(
  library: TransformersLibrary,
  { pooling, normalize }: TransformersSettings,
): TextTask {
  return {
    outputs: (size) => [{ name: 'embedding', datatype: 'FP32', shape: [-1, size] }],
    async rows({ outputs, mask, tokens }) {
      const hidden = outputs.last_hidden_state ?? outputs.token_embeddings;
      if (hidden === undefined) throw wrongOutputs(outputs, 'last_hidden_state or token_embeddings');
      const pooled = pooling === 'mean' ? library.mean_pooling(hidden, mask) : hidden.slice(null, 0);
      const values = Float32Array.from(pooled.data as Float32Array);
      const size = pooled.dims.at(-1) ?? 1;
      // The mean of no tokens is NaN.
      for (const [row, count] of tokens.entries())
        if (count === 0) values.fill(0, row * size, (row + 1) * size);
      if (normalize) toUnitLength(values, size);
      return { values, size };
    },
    answer: (values, size) => ({ embedding: { shape: [values.length / size, size], data: values } }),
  };
}

function textClassification(labels: readonly string[], problem: string | undefined): TextTask {
  const toScores = problem === 'multi_label_classification' ? sigmoid : softmax;
  return {
    outputs: (size) => [
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'score', datatype: 'FP32', shape: [-1] },
      { name: 'scores', datatype: 'FP32', shape: [-1, size] },
    ],
    async rows({ outputs }) {
      const { logits } = outputs;
      if (logits === undefined) throw wrongOutputs(outputs, 'logits');
      return { values: Float32Array.from(logits.data as Float32Array), size: logits.dims.at(-1) ?? 1 };
    },
    answer(values, size) {
      const rows = Array.from({ length: values.length / size }, (_, row) =>
        toScores(values.subarray(row * size, (row + 1) * size)),
      );
      const best = rows.map((scores) => scores.indexOf(Math.max(...scores)));
      return {
        label: { shape: [rows.length], data: best.map((index) => labels[index] ?? String(index)) },
        score: { shape: [rows.length], data: best.map((index, row) => rows[row]?.[index] ?? Number.NaN) },
        scores: { shape: [rows.length, size], data: rows.flat() },
      };
    },
  };
}

function softmax(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function sigmoid(logits: Float32Array): number[] {
  return Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
}

function wrongOutputs(outputs: TextResult['outputs'], wanted: string): Error {
  return new Error(
    `the network has the outputs ${Object.keys(outputs).join(', ')}, wanted ${wanted}: export it for this task, or set transformers.task`,
  );
}
