/** A number with as many digits as a reader needs. */
export function short(value: number): string {
  return Number(value.toPrecision(value >= 100 ? 4 : 3)).toString();
}

/** A rate in rows per ms, as a number per second. */
export function perSecond(rate: number): string {
  return short(1_000 * rate);
}

/** A time in ms, with its unit. */
export function inMs(value: number): string {
  return `${short(value)} ms`;
}

/** A time in ms, in seconds with their unit. */
export function inSeconds(value: number): string {
  return `${short(value / 1_000)} s`;
}
