/** A tokenized text or pair of texts: the tokens that the model gets, and to which of the texts each belongs. */
export interface Encoding {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

/** A place of a template: a special token, or all tokens of one of the texts. */
export interface TemplatePart {
  readonly content: 'first' | 'second' | number;
  readonly type: number;
}

/** Puts the tokens of one or two texts among the special tokens. */
export function fillTemplate(
  template: readonly TemplatePart[],
  first: readonly number[],
  second: readonly number[] = [],
): Encoding {
  const parts = template.map(({ content, type }) => {
    const ids = content === 'first' ? first : content === 'second' ? second : [content];
    return { ids, types: ids.map(() => type) };
  });
  return { ids: parts.flatMap(({ ids }) => ids), types: parts.flatMap(({ types }) => types) };
}

/**
 * How many tokens of each text are kept within a limit: the longer text is cut first, down to the length of the other,
 * then both (`longest_first` of Hugging Face).
 */
export function keptLengths(first: number, second: number, limit: number): readonly [number, number] {
  if (first + second <= limit) return [first, second];
  const [short, long] = [Math.min(first, second), Math.max(first, second)];
  const half = Math.floor(limit / 2);
  const keptShort = Math.min(short, half);
  const keptLong = Math.min(long, limit - keptShort);
  return first > second ? [keptLong, keptShort] : [keptShort, keptLong];
}
