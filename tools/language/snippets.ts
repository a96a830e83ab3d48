import type { Random } from '../../src/base/random.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const longestWord = 9;
/** A language that writes without spaces has no word to start at. */
const farthestSpace = 30;

/** A whole number from 0 to `end - 1`. */
export function below(end: number, random: Random): number {
  return Math.floor(random.unit() * end);
}

export function oneOf<T>(items: ArrayLike<T>, random: Random): T {
  return items[below(items.length, random)] as T;
}

/** A random part of the text that begins with a word; the last word may be cut. */
export function snippetOf(text: string, length: number, random: Random): string {
  const latest = Math.max(0, text.length - length);
  const place = below(latest + 1, random);
  const start = text.indexOf(' ', place) + 1;
  const isNear = start > place && start <= Math.min(latest, place + farthestSpace);
  const from = isNear ? start : place;
  return text.slice(from, from + length);
}

/** Words of no language: random letters, one letter repeated, digits, or letters and digits mixed. */
export function gibberish(length: number, random: Random): string {
  const kind = below(4, random);
  let text = '';
  while (text.length < length) {
    const alphabet = [letters, oneOf(letters, random), digits, letters + digits][kind] as string;
    const wordLength = 1 + below(longestWord, random);
    for (let index = 0; index < wordLength; index++) text += oneOf(alphabet, random);
    text += ' ';
  }
  return text.slice(0, length);
}
