import { ServingError } from '../../base/errors.ts';
import type { CalledName } from '../../gateway/header-check.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { encodeTextElements } from '../../tensor/bytes-elements.ts';
import type { Segments } from '../../tensor/segments.ts';
import { isJsonObject, type JsonObject, parseRequestJson, present, shown } from '../http/json-text.ts';

/** What a request for embeddings asks for beside its texts. */
export interface EmbeddingsForm {
  /** As the client calls it; the answer repeats it. */
  readonly model: string;
  readonly isBase64: boolean;
  /** The first so many numbers of each embedding; undefined for all. */
  readonly dimensions: number | undefined;
}

/** A request for embeddings. Its texts have the name of no input yet, because its model is not known. */
export interface EmbeddingsRequest {
  readonly request: InferenceRequest;
  readonly embeddings: EmbeddingsForm;
}

/** A model's name that ends in a version: `sentences/2`. */
const VERSIONED = /^(.+)\/(\d{1,20})$/;

/** Reads OpenAI's request for embeddings: `{"model", "input", "encoding_format"?, "dimensions"?}`. */
export function readEmbeddingsRequest(body: Segments): EmbeddingsRequest {
  const json = parseRequestJson(body);
  const texts = textsOf(present(json.input));
  const data = encodeTextElements(texts, (problem) => wrong('input', `'input': ${problem}`), 'a text');
  const inputs = [{ name: '', datatype: 'BYTES', shape: [texts.length], data }] as const;
  return {
    request: { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 },
    embeddings: { model: modelOf(json), isBase64: isBase64(json), dimensions: dimensionsOf(json) },
  };
}

/** The model and the version that the name of a request stands for. */
export function calledName(model: string): CalledName {
  const [, name = model, version] = VERSIONED.exec(model) ?? [];
  return { model: name, version };
}

function modelOf({ model }: JsonObject): string {
  if (typeof model === 'string' && model !== '') return model;
  throw wrong('model', `'model' is ${shown(model)}, wanted the name of a model`);
}

function textsOf(input: unknown): readonly unknown[] {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input) || input.length === 0) {
    const came = Array.isArray(input) ? 'an empty array' : shown(input);
    throw wrong('input', `'input' is ${came}, wanted a text or an array of texts`);
  }
  if (input.every((element) => typeof element === 'string')) return input;
  const other: unknown = input.find((element) => typeof element !== 'string');
  throw wrong(
    'input',
    typeof other === 'number' || Array.isArray(other)
      ? "'input' contains token ids, wanted texts: the models of this server have tokenizers of their own"
      : `'input' contains ${isJsonObject(other) ? 'an object' : shown(other)}, wanted texts only`,
  );
}

function isBase64({ encoding_format: format }: JsonObject): boolean {
  const value = present(format) ?? 'float';
  if (value === 'float' || value === 'base64') return value === 'base64';
  throw wrong('encoding_format', `'encoding_format' is ${shown(value)}, wanted "float" or "base64"`);
}

function dimensionsOf({ dimensions }: JsonObject): number | undefined {
  const value = present(dimensions);
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw wrong('dimensions', `'dimensions' is ${shown(value)}, wanted a whole number above 0`);
}

function wrong(param: string, message: string): ServingError {
  return new ServingError('INVALID_INPUT', message, { param });
}
