import type * as z from 'zod';
import { nearestName } from '../base/nearest.ts';
import { type SchemaNode, schemaAt } from './json-schema.ts';
import { placeInFile } from './place-in-file.ts';

type Issue = z.core.$ZodIssue;

const LONGEST_VALUE = 100;
const DIGITS = /^\d{1,20}$/;

/** One line per problem: source, setting, value, wanted value. */
export function explainIssues(
  source: string,
  schema: SchemaNode,
  issues: readonly Issue[],
  input: unknown,
): string[] {
  return issues.flatMap((issue) => explain(source, schema, issue, input));
}

function explain(source: string, schema: SchemaNode, issue: Issue, input: unknown): string[] {
  if (issue.code === 'invalid_union') {
    // The form of the right kind, if there is one: its problems are more exact than a list of all forms.
    const meant = issue.errors.filter((inner) => inner.every(({ path }) => path.length > 0));
    const [only] = meant;
    if (only !== undefined && meant.length === 1) {
      const within = only.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
      return explainIssues(source, schema, within, input);
    }
  }
  const at = placeOf(source, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const valid = Object.keys(propertiesOf(schemaAt(schema, issue.path)));
    return issue.keys.map((key) => {
      const meant = nearestName(key, valid);
      return (
        `${at}: unknown setting '${pathText([...issue.path, key])}'` +
        `${meant === undefined ? '.' : `, did you mean '${meant}'?`} Valid here: ${valid.join(', ')}`
      );
    });
  }
  if (issue.code === 'invalid_key') {
    const [name, group] = [String(issue.path.at(-1)), pathText(issue.path.slice(0, -1))];
    return [`${at}: '${name}' under '${group}', wanted ${issue.issues[0]?.message ?? issue.message}`];
  }
  const came = valueAt(input, issue.path);
  // Rules that a schema cannot express, such as relations of two settings, have a message of their own.
  const wanted =
    issue.code === 'custom' ? issue.message : (wantedText(schemaAt(schema, issue.path)) ?? 'another value');
  return [`${at}: '${pathText(issue.path)}' is ${cameText(came)}, wanted ${wanted}${inexactText(came)}`];
}

/** The settings of a group, also of one that may be written as text. */
function propertiesOf(node: SchemaNode | undefined): Readonly<Record<string, SchemaNode>> {
  return (
    node?.properties ?? node?.anyOf?.find(({ properties }) => properties !== undefined)?.properties ?? {}
  );
}

/** A hint for integers beyond 2^53, such as long time stamps, which the parser has already rounded. */
function inexactText(came: unknown): string {
  const isInexact = Number.isInteger(came) && !Number.isSafeInteger(came);
  return isInexact ? '; numbers of more than 15 digits lose precision: put the number in quotes' : '';
}

/** Routes and pipelines nest deeply, so their problems are given with the line. */
function placeOf(source: string, path: readonly PropertyKey[]): string {
  return path[0] === 'routes' || path.includes('pipeline') ? placeInFile(source, path) : source;
}

/** The value as in the file, cut at `LONGEST_VALUE` characters. */
function cameText(came: unknown): string {
  if (came === undefined) return 'missing';
  const text = typeof came === 'number' ? String(came) : JSON.stringify(came);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}

const LONGEST_PATH = 200;

function pathText(path: readonly PropertyKey[]): string {
  // Names may contain line breaks; a message is one line.
  return path.length === 0
    ? 'settings'
    : path.map(String).join('.').replace(/\s+/g, ' ').slice(0, LONGEST_PATH);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

/** The values that a setting may have, in words. */
export function wantedText(node: SchemaNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (node.title !== undefined) return node.title;
  if (node.anyOf !== undefined) return node.anyOf.map(wantedText).join(', or ');
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  if (node.type === 'array') {
    const list = node.minItems === undefined ? 'a list' : 'a non-empty list';
    return `${list}, each item ${wantedText(node.items) ?? 'any value'}`;
  }
  if (node.type === 'object') return 'a group of settings';
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'string') return textKind(node);
  return `${node.type === 'integer' ? 'a whole number' : 'a number'}${boundsText(node)}`;
}

function textKind({ format, minLength, pattern }: SchemaNode): string {
  if (format === 'uri') return 'a URL such as http://127.0.0.1:9093/alerts';
  if (pattern === DIGITS.source) return 'digits in quotes';
  return minLength === undefined ? 'text' : 'non-empty text';
}

function boundsText(node: SchemaNode): string {
  if (node.exclusiveMinimum !== undefined) return ` above ${node.exclusiveMinimum}`;
  // Schema generators bound every integer by the safe range of a double, which is not a bound of the setting.
  const upper =
    node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER ? node.maximum : undefined;
  const lower =
    node.minimum !== undefined && node.minimum > Number.MIN_SAFE_INTEGER ? node.minimum : undefined;
  if (lower !== undefined && upper !== undefined) return ` from ${lower} to ${upper}`;
  if (lower !== undefined) return ` of at least ${lower}`;
  return upper === undefined ? '' : ` of at most ${upper}`;
}
