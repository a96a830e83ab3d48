import { type Document, type ErrorCode, LineCounter, parseDocument, visit } from 'yaml';
import { SettingsError } from './settings-problem.ts';

/** Bounds the memory that nested aliases can expand to. */
const MOST_ALIASES = 100;

/** What the parser's error codes mean for the author of the file. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) has no anchor (&name) before it',
  BAD_DIRECTIVE:
    'a line begins with %, which marks a YAML directive: put the text in quotes if it is a value',
  BAD_DQ_ESCAPE:
    'a backslash in "double quotes" does not begin a known escape: write \\\\, or use single quotes',
  BAD_INDENT:
    'an earlier bracket or brace is not closed, or the indentation matches no line above: entries of one group begin in the same column',
  BAD_SCALAR_START: 'a value begins with a character that YAML reserves: put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a group stands on the line of its name: begin the group on the next line',
  BLOCK_IN_FLOW: 'an indented group inside { } or [ ]: write the group in braces',
  DUPLICATE_KEY: 'a duplicate name: each name may occur once in a group',
  KEY_OVER_1024_CHARS: 'a name has more than 1024 characters',
  MISSING_CHAR:
    'a bracket, brace, quote, comma or colon is missing: check that every [, { and quote is closed',
  MULTILINE_IMPLICIT_KEY: 'a name continues on the next line: check for a missing colon or an unclosed quote',
  MULTIPLE_ANCHORS: 'a value has two anchors (&name)',
  MULTIPLE_DOCS: 'a second document (---) begins: settings must be one document',
  MULTIPLE_TAGS: 'a value has two tags (!name)',
  TAB_AS_INDENT: 'a tab is used as indentation: use spaces',
  UNEXPECTED_TOKEN: 'unexpected text: check for a missing quote, colon or bracket before it',
};

/** Reads YAML, of which JSON is a subset. Throws a SettingsError that lists every problem with line and column. */
export function parseYaml(source: string, text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: 'error',
  });
  const problemAt = (at: number, words: string) => {
    const { line, col } = lines.linePos(at);
    return `${source}: line ${line}, column ${col}: ${words}`;
  };
  const faults = [
    ...document.errors.map(({ code, pos }) => problemAt(pos[0], WORDS[code] ?? 'not valid YAML')),
    ...aliasesToNothing(document).map((at) => problemAt(at, WORDS.BAD_ALIAS ?? '')),
  ];
  if (faults.length > 0) throw new SettingsError(faults);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    // The alias limit is the only error left at this point.
    throw new SettingsError([
      `${source}: aliases (*name) expand to more than ${MOST_ALIASES} values: write the values out`,
    ]);
  }
  if (!isAcyclic(value, [])) {
    throw new SettingsError([`${source}: an alias (*name) refers to a group that contains it`]);
  }
  return value;
}

/** Offsets of the aliases that have no anchor before them. */
function aliasesToNothing(document: Document.Parsed): number[] {
  const places: number[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) places.push(alias.range?.[0] ?? 0);
    },
  });
  return places;
}

/** Whether a value is free of cycles: an alias may refer to a group that contains it. */
function isAcyclic(value: unknown, within: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (within.includes(value)) return false;
  return Object.values(value).every((inner) => isAcyclic(inner, [...within, value]));
}
