import { type Document, type ErrorCode, LineCounter, parseDocument, visit } from 'yaml';
import { SettingsError } from './settings-problem.ts';

/** More would only be there to fill the memory. */
const MOST_ALIASES = 100;

/** What the parser's codes mean to whoever wrote the file; `what` stands for the text that is there. */
const WORDS: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) can have neither an anchor nor a tag of its own',
  BAD_ALIAS: 'an alias (*name) without an anchor (&name) before it',
  BAD_DIRECTIVE:
    'a line that begins with %, which is for the parser: put the text in quotes if it is a value',
  BAD_DQ_ESCAPE:
    'a backslash in "double quotes" that begins no known escape: write \\\\, or use single quotes',
  BAD_INDENT:
    'a bracket or brace that is not closed before, or an indentation that fits nothing above: entries of one group begin in the same column',
  BAD_SCALAR_START: 'a value that begins with a character of its own meaning: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a group where its name was expected: begin it on a line of its own',
  BLOCK_IN_FLOW: 'a group by indentation inside { } or [ ]: there, write it in braces as well',
  DUPLICATE_KEY: 'a name that was there already: each stands once in a group',
  KEY_OVER_1024_CHARS: 'a name of more than 1024 characters',
  MISSING_CHAR: 'a bracket, brace, quote, comma or colon is missing: is every [ { and quote closed?',
  MULTILINE_IMPLICIT_KEY: 'a name that goes on in the next line: is a colon missing, or a quote not closed?',
  MULTIPLE_ANCHORS: 'two anchors (&name) at one value',
  MULTIPLE_DOCS: 'a second document (---): settings are one document',
  MULTIPLE_TAGS: 'two tags (!name) at one value',
  TAB_AS_INDENT: 'a tab as indentation: use spaces',
  UNEXPECTED_TOKEN:
    'something that was not expected there: is a quote, a colon or a bracket missing before it?',
};

/** Reads YAML, or JSON, which is YAML too. Throws a SettingsError that lists everything wrong with it, by line. */
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
    ...document.errors.map(({ code, pos }) => problemAt(pos[0], WORDS[code] ?? 'this is no YAML')),
    ...aliasesToNothing(document).map((at) => problemAt(at, WORDS.BAD_ALIAS ?? '')),
  ];
  if (faults.length > 0) throw new SettingsError(faults);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    // All that can be wrong still.
    throw new SettingsError([
      `${source}: aliases (*name) stand for more than ${MOST_ALIASES} values: write out what they stand for`,
    ]);
  }
  if (!endsSomewhere(value, [])) {
    throw new SettingsError([`${source}: an alias (*name) stands for a group that it is itself part of`]);
  }
  return value;
}

/** Where aliases are that have no anchor before them. */
function aliasesToNothing(document: Document.Parsed): number[] {
  const places: number[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) places.push(alias.range?.[0] ?? 0);
    },
  });
  return places;
}

/** Whether a value ends somewhere: an alias may stand for what it is in. */
function endsSomewhere(value: unknown, within: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (within.includes(value)) return false;
  return Object.values(value).every((inner) => endsSomewhere(inner, [...within, value]));
}
