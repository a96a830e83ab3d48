import { OperatorError } from '../base/errors.ts';
import { parseYaml } from '../config/parse-yaml.ts';

/** Parses `batching.maxBatchSize=8` to nested settings. */
export function settingOf(text: string): Record<string, unknown> {
  const [path = '', ...rest] = text.split('=');
  if (rest.length === 0 || path === '') {
    throw new OperatorError(`--set ${text}: wanted setting=value, for instance batching.maxBatchSize=8`);
  }
  const value: unknown = parseYaml(`--set ${text}`, rest.join('='));
  const keys = path.split('.').reverse();
  return keys.reduce<unknown>((inner, key) => ({ [key]: inner }), value) as Record<string, unknown>;
}
