/** The value of an option that is one of a few words. Programs in JavaScript have no compiler that refuses another word. */
export function oneOf<Word extends string, Value>(
  option: string,
  word: Word,
  values: Readonly<Record<Word, Value>>,
): Value {
  if (Object.hasOwn(values, word)) return values[word];
  throw new RangeError(`${option} is '${word}', wanted ${Object.keys(values).join(' or ')}`);
}
