import * as z from 'zod';
import { flag } from './fields.ts';

/** How a model in the layout of the Hugging Face hub is served without code. */
export const TransformersSettings = z.strictObject({
  task: z
    .enum(['feature-extraction', 'text-classification'])
    .optional()
    .describe(
      'What the model does. feature-extraction: an embedding of each text. text-classification: the label of each text, and the scores of all labels. ' +
        'Default: text-classification if config.json names an architecture ForSequenceClassification, else feature-extraction.',
    ),
  pooling: z
    .enum(['mean', 'cls'])
    .default('mean')
    .describe(
      'How the vectors of the tokens become the embedding of a text. mean: their mean. cls: the vector of the first token. The description of a model says which it was trained with.',
    ),
  normalize: flag(true).describe('Whether embeddings are scaled to length 1.'),
  dtype: z
    .enum(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'])
    .default('fp32')
    .describe(
      'Weights to load. fp32: onnx/model.onnx. q8: onnx/model_quantized.onnx. Another: onnx/model_<dtype>.onnx.',
    ),
});
export type TransformersSettings = z.output<typeof TransformersSettings>;
