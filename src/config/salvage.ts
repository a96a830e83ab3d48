import { explainIssues } from './explain-issues.ts';
import { settingsSchema } from './json-schema.ts';
import { completeConfig, type LoadedConfig, mergeSettings, readSettings } from './load-config.ts';
import { ServerSettings } from './server-settings.ts';
import { SettingsError } from './settings-problem.ts';

type Raw = Record<string, unknown>;

/** The valid part of the settings, and the problems of the rest. */
export interface Salvaged {
  /** undefined when no part is usable. */
  readonly config: LoadedConfig | undefined;
  readonly problems: readonly string[];
  /** Names of routes that are left out. */
  readonly routesLeftOut: readonly string[];
}

/**
 * Reads settings like `loadConfig`, but leaves out invalid ones, so that a check can also examine the models and report
 * all problems at once. A server never starts with the result.
 */
export function salvageConfig(fileOrFolder: string, overrides: Readonly<Raw>): Salvaged {
  const problems: string[] = [];
  try {
    const { file, directory, raw } = readSettings(fileOrFolder);
    const given = withoutFaults('flags or environment', overrides, problems);
    const merged = withoutFaults(file, mergeSettings(raw, given), problems);
    const config = completeConfig(file, directory, merged);
    const named = Object.keys((raw.routes as Raw | null | undefined) ?? {});
    return {
      ...{ config, problems },
      routesLeftOut: named.filter((name) => !Object.hasOwn(config.server.routes, name)),
    };
  } catch (caught) {
    if (!(caught instanceof SettingsError)) throw caught;
    return { config: undefined, problems: [...problems, ...caught.problems], routesLeftOut: [] };
  }
}

/** Deeper than any group of the settings. */
const MOST_PASSES = 10;

function withoutFaults(source: string, raw: Readonly<Raw>, problems: string[]): Raw {
  const rest = structuredClone(raw) as Raw;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const parsed = ServerSettings.safeParse(rest);
    if (parsed.success) break;
    const { issues } = parsed.error;
    if (pass === 0) problems.push(...explainIssues(source, settingsSchema(), issues, raw));
    for (const issue of issues) {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
      // A group that lacks a required setting, possibly one that was just removed, is removed whole.
      const path = pass === 0 ? issue.path : issue.path.slice(0, -1);
      for (const key of keys) remove(rest, key === undefined ? path : [...path, key]);
    }
  }
  return rest;
}

/** Removes the value at a path; a list is removed whole, because its other indices would shift. */
function remove(from: Raw, path: readonly PropertyKey[]): void {
  const [key, ...inner] = path.map(String);
  if (key === undefined) return;
  const value = from[key];
  if (inner.length === 0 || typeof value !== 'object' || value === null || Array.isArray(value))
    delete from[key];
  else remove(value as Raw, inner);
}
