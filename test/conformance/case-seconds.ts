/** Seconds of a case file as whole ms, because 1.005 * 1000 is not 1005. */
export function ms(seconds: number): number {
  return Math.round(seconds * 1000);
}
