import { explainIssues } from './explain-issues.ts';
import { settingsSchema } from './json-schema.ts';
import { completeConfig, type LoadedConfig, mergeSettings, readSettings } from './load-config.ts';
import { ServerSettings } from './server-settings.ts';
import { SettingsError } from './settings-problem.ts';

type Raw = Record<string, unknown>;

/** Settings without what is wrong with them, and what that was. */
export interface Salvaged {
  /** undefined where nothing can be made of them. */
  readonly config: LoadedConfig | undefined;
  readonly problems: readonly string[];
}

/**
 * Reads settings like `loadConfig`, and leaves out what is wrong, so that the models can be looked at all the same: who
 * checks wants to know everything at once. A server is never started with what this gives.
 */
export function salvageConfig(fileOrFolder: string, overrides: Readonly<Raw>): Salvaged {
  const problems: string[] = [];
  try {
    const { file, directory, raw } = readSettings(fileOrFolder);
    const given = withoutFaults('flags or environment', overrides, problems);
    const merged = withoutFaults(file, mergeSettings(raw, given), problems);
    return { config: completeConfig(file, directory, merged), problems };
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    return { config: undefined, problems: [...problems, ...caught.problems] };
  }
}

function withoutFaults(source: string, raw: Readonly<Raw>, problems: string[]): Raw {
  const parsed = ServerSettings.safeParse(raw);
  const rest = structuredClone(raw) as Raw;
  if (parsed.success) return rest;
  const { issues } = parsed.error;
  problems.push(...explainIssues(source, settingsSchema(), issues, raw));
  for (const issue of issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    for (const key of keys) remove(rest, key === undefined ? issue.path : [...issue.path, key]);
  }
  return rest;
}

/** Takes out what is at a path; of a list all, because the others would move up. */
function remove(from: Raw, path: readonly PropertyKey[]): void {
  const [key, ...inner] = path.map(String);
  if (key === undefined) return;
  const value = from[key];
  if (inner.length === 0 || typeof value !== 'object' || value === null || Array.isArray(value))
    delete from[key];
  else remove(value as Raw, inner);
}
