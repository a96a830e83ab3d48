import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { LoadOverrides } from '../../gateway/model-commands.ts';
import { readTritonJson } from '../../model/triton/translate.ts';
import { shown } from '../http/json-text.ts';

type Raw = Readonly<Record<string, unknown>>;

/** The parameters of a load, and what of the configuration has no effect. */
export type LoadParameters = LoadOverrides & { readonly notes: readonly string[] };

/** Limits the length of a refusal. */
const MOST_PROBLEMS = 5;

/**
 * `settings` has the form of model.yaml, `config` that of Triton's model configuration; both override what the files of
 * the model say.
 */
export function readLoadParameters(
  model: string,
  { settings, config, ...others }: Raw,
): LoadParameters | Refusal {
  const [unknown] = Object.keys(others);
  if (unknown?.startsWith('file:') === true) {
    return refuse(
      'NOT_OFFERED',
      `parameter '${unknown.slice(0, 60)}' is not offered: copy the file into the models folder, then load the model`,
    );
  }
  if (unknown !== undefined) return unknownParameter(unknown, 'settings or config');
  const ours =
    settings === undefined ? undefined : objectIn('settings', settings, 'in the form of model.yaml');
  if (ours !== undefined && isRefusal(ours)) return ours;
  const json =
    config === undefined ? undefined : objectIn('config', config, 'or JSON text of a model configuration');
  if (json !== undefined && isRefusal(json)) return json;
  if (json === undefined) return { settings: ours, notes: [] };
  const { problems, notes, ...triton } = readTritonJson(json, model);
  if (problems.length === 0) return { settings: ours, config: triton, notes: notes.map(({ text }) => text) };
  const texts = problems.slice(0, MOST_PROBLEMS).map(({ text }) => text);
  const more = problems.length - texts.length;
  return refuse(
    'INVALID_INPUT',
    `parameter 'config': ${texts.join('; ')}${more > 0 ? `; … ${more} more` : ''}`,
  );
}

/** An object comes as JSON, or as the text of JSON, as Triton's clients send theirs. */
function objectIn(name: string, value: unknown, wanted: string): Raw | Refusal {
  try {
    const read: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Raw;
  } catch {
    // Not JSON: the refusal says so.
  }
  return refuse('INVALID_INPUT', `parameter '${name}' is ${shown(value)}, wanted an object ${wanted}`);
}

export function unknownParameter(name: string, wanted: string): Refusal {
  return refuse('INVALID_INPUT', `parameter '${name.slice(0, 60)}' is unknown, wanted ${wanted}`);
}
