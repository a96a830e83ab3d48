/** Time stamps in microseconds have 16 digits, in nanoseconds 19. */
const MOST_DIGITS = 20;
const VERSION = /^\d+$/;

/**
 * A version as it is known everywhere: without leading zeros, so `00000123` is 123. Kept as text, because numbers
 * beyond 2^53 are not exact. undefined for what is no version.
 */
export function versionNamed(text: string): string | undefined {
  return VERSION.test(text) && text.length <= MOST_DIGITS ? text.replace(/^0+(?=\d)/, '') : undefined;
}

/** By rising number, exactly. */
export function byVersion(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
