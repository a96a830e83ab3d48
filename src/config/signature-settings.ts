import * as z from 'zod';

const SIZE = z.union([z.int().min(1), z.literal(-1)]);

const DATATYPES = [
  ...(['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64'] as const),
  ...(['FP16', 'BF16', 'FP32', 'FP64', 'BYTES'] as const),
];

const DATATYPE = z.enum(DATATYPES);

const TensorSettings = z.strictObject({
  name: z.string().min(1).describe('Name in the model.'),
  datatype: DATATYPE.optional().describe('Datatype. Default: that of the model.'),
  shape: z
    .array(SIZE)
    .optional()
    .describe('Shape in requests and answers; -1 means any size. Default: that of the model.'),
  modelShape: z
    .array(SIZE)
    .optional()
    .describe(
      'Shape in the model where it differs: as many elements, and its sizes of -1 in the same order.',
    ),
});

/** The inputs and outputs that a model must have. */
export const SignatureSettings = z.strictObject({
  inputs: z
    .array(TensorSettings)
    .min(1)
    .optional()
    .describe(
      'All inputs that the model must have; a model that differs does not load. Default: those of the model.',
    ),
  outputs: z
    .array(TensorSettings)
    .min(1)
    .optional()
    .describe(
      'Outputs that the model must have, in the order of answers; others are not served. Default: all of the model.',
    ),
});
export type SignatureSettings = z.output<typeof SignatureSettings>;

/** An input of a warmup request. */
export const WarmupInputSettings = z.strictObject({
  name: z.string().min(1).describe('Name of the input.'),
  datatype: DATATYPE.describe('Datatype of the data.'),
  shape: z.array(z.int().min(0)).describe('Shape of the data; the first size counts rows.'),
  file: z
    .string()
    .min(1)
    .optional()
    .describe('File of the bytes of the data as in a binary request, relative to the settings file.'),
  zero: z.boolean().optional().describe('Whether the data is 0, without a file. Default: it is generated.'),
});
export type WarmupInputSettings = z.output<typeof WarmupInputSettings>;
