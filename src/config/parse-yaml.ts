import { type ErrorCode, LineCounter, parseDocument, type YAMLError } from 'yaml';
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
  BAD_INDENT: 'an indentation that fits nothing above it: entries of one group begin in the same column',
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
    logLevel: 'silent',
  });
  const placeOf = ({ pos: [at] }: YAMLError) => {
    const { line, col } = lines.linePos(at);
    return `line ${line}, column ${col}`;
  };
  if (document.errors.length > 0) {
    throw new SettingsError(
      document.errors.map((error) => {
        return `${source}: ${placeOf(error)}: ${WORDS[error.code] ?? 'this is no YAML'}`;
      }),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    throw new SettingsError([
      `${source}: aliases (*name) stand for more than ${MOST_ALIASES} values, or cannot be resolved: write out what they stand for`,
    ]);
  }
  if (!endsSomewhere(value, [])) {
    throw new SettingsError([`${source}: an alias (*name) stands for a group that it is itself part of`]);
  }
  return value;
}

/** Whether a value ends somewhere: an alias may stand for what it is in. */
function endsSomewhere(value: unknown, within: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (within.includes(value)) return false;
  return Object.values(value).every((inner) => endsSomewhere(inner, [...within, value]));
}
