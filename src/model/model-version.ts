/** Enough for time stamps: microseconds have 16 digits, nanoseconds 19. */
const MOST_DIGITS = 20;
const VERSION = /^\d+$/;

/**
 * The canonical form of a version, without leading zeros: `00000123` becomes 123. It is a text, because numbers beyond
 * 2^53 are not exact. undefined when the text is not a version.
 */
export function versionNamed(text: string): string | undefined {
  return VERSION.test(text) && text.length <= MOST_DIGITS ? text.replace(/^0+(?=\d)/, '') : undefined;
}

/** Compares versions by their exact number, ascending. */
export function byVersion(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
