import { OperatorError } from '../base/errors.ts';
import { GalleyClient } from '../client/galley-client.ts';
import { type ImageSettings, ImageSettings as ImageSettingsSchema } from '../config/image-settings.ts';
import { writeExactJson } from '../tensor/exact-json.ts';
import { askProblem } from './ask-problem.ts';
import { EXIT } from './exit-codes.ts';
import { pixelsOf } from './image-input.ts';
import { readInput } from './read-input.ts';
import { summarize } from './summarize.ts';

/** Options of `galley infer`. */
export interface InferFlags {
  readonly input: string;
  readonly url: string;
  readonly modelVersion?: string;
  readonly json?: boolean;
}

const PNG_MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const JSON_INDENT = 2;

/** Sends one inference request and prints the answer; exits with code 3 when there is none. */
export async function infer(model: string, flags: InferFlags): Promise<void> {
  const bytes = readInput(flags.input);
  try {
    const answer = await ask(new GalleyClient(flags.url), model, flags.modelVersion, bytes);
    console.log(
      flags.json === true ? writeExactJson(answer.json, JSON_INDENT) : summarize(answer.json, answer.labels),
    );
  } catch (caught) {
    if (caught instanceof OperatorError) throw caught;
    console.error(`galley: ${askProblem(flags.url, caught)}`);
    process.exit(EXIT.refused);
  }
}

async function ask(client: GalleyClient, model: string, version: string | undefined, bytes: Buffer) {
  if (!bytes.subarray(0, PNG_MAGIC.length).equals(PNG_MAGIC)) {
    return { json: await client.inferBody(model, version, bytes), labels: undefined };
  }
  const { parameters, inputs } = await client.describe(model, version);
  const settings = imageSettingsOf(model, parameters?.image);
  const shape = inputs.find((input) => input.name === settings.input)?.shape ?? [];
  const pixels = pixelsOf(bytes, settings);
  const input = {
    name: settings.input,
    datatype: 'FP32',
    shape: shapeOfPixels(shape, pixels.length),
    data: [...pixels],
  };
  const body = Buffer.from(JSON.stringify({ inputs: [input] }));
  return { json: await client.inferBody(model, version, body), labels: settings.labels };
}

function imageSettingsOf(model: string, image: unknown): ImageSettings {
  if (image === undefined) {
    throw new OperatorError(
      `model '${model}' has no image settings: set models.${model}.image in galley.yaml, or pass JSON with --input`,
    );
  }
  return ImageSettingsSchema.parse(image);
}

/** The shape of one picture: a batch axis is 1, another open axis takes the remaining size. */
function shapeOfPixels(shape: readonly number[], pixels: number): number[] {
  const known = shape.map((size, axis) => (axis === 0 && size === -1 ? 1 : size));
  const product = known.reduce((all, size) => (size === -1 ? all : all * size), 1);
  return known.map((size) => (size === -1 ? pixels / product : size));
}
