/** A compiled expression: whether a text or number of a request is what the settings want. */
export interface Expression {
  /** As written in the settings. */
  readonly source: string;
  /** The only text that it matches; undefined when it matches several. */
  readonly literal: string | undefined;
  matches(value: string): boolean;
}

type Test = (value: string) => boolean;

const COMPARISON = /^(>=|<=|!=|>|<|=)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i;
const ANY = '*';

/**
 * Compiles the small language of matches: `de*`, `>= 10`, `a | b`, `!x`, a backslash before a character that stands for
 * itself. Upper and lower case are the same. No expression takes more than linear time in the value for each `*`.
 */
export function compileExpression(source: string): Expression {
  const alternatives = splitAlternatives(source).map(compileAlternative);
  const [only] = alternatives;
  return {
    source,
    literal: alternatives.length === 1 ? only?.literal : undefined,
    matches: (value) => alternatives.some(({ test }) => test(value)),
  };
}

function compileAlternative(text: string): { readonly test: Test; readonly literal: string | undefined } {
  const trimmed = text.trim();
  if (trimmed.startsWith('!') && !COMPARISON.test(trimmed)) {
    const { test } = compileAlternative(trimmed.slice(1));
    return { test: (value) => !test(value), literal: undefined };
  }
  const compared = COMPARISON.exec(trimmed);
  if (compared !== null)
    return { test: comparison(compared[1] ?? '', Number(compared[2])), literal: undefined };
  const pieces = piecesOf(trimmed);
  const literal = pieces.length === 1 ? pieces[0] : undefined;
  return { test: (value) => matchesPieces(value.toLowerCase(), pieces), literal };
}

function comparison(operator: string, bound: number): Test {
  const holds = COMPARE[operator] as (value: number) => (bound: number) => boolean;
  return (value) => value.trim() !== '' && holds(Number(value))(bound);
}

const COMPARE: Readonly<Record<string, (value: number) => (bound: number) => boolean>> = {
  '>=': (value) => (bound) => value >= bound,
  '<=': (value) => (bound) => value <= bound,
  '>': (value) => (bound) => value > bound,
  '<': (value) => (bound) => value < bound,
  '=': (value) => (bound) => value === bound,
  '!=': (value) => (bound) => value !== bound,
};

/** Splits at each | that has no backslash before it. */
function splitAlternatives(source: string): string[] {
  const found = [''];
  for (let at = 0; at < source.length; at++) {
    const character = source[at] as string;
    if (character === '|') {
      found.push('');
      continue;
    }
    found[found.length - 1] += character;
    if (character === '\\' && at + 1 < source.length) found[found.length - 1] += source[++at] as string;
  }
  return found;
}

/** The texts between the stars, in lower case and without backslashes. */
function piecesOf(text: string): string[] {
  const pieces = [''];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === ANY) pieces.push('');
    else if (character === '\\' && at + 1 < text.length) pieces[pieces.length - 1] += text[++at] as string;
    else pieces[pieces.length - 1] += character;
  }
  return pieces.map((piece) => piece.toLowerCase());
}

/** Each piece at its first place after the one before: with stars between them, an earlier place is never worse. */
function matchesPieces(value: string, pieces: readonly string[]): boolean {
  const first = pieces[0] as string;
  if (pieces.length === 1) return value === first;
  const last = pieces.at(-1) as string;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = value.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}
