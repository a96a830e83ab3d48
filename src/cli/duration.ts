import { InvalidArgumentError } from 'commander';

/** Parses a time of the command line, such as `0.2s`, to ms. */
export function durationMs(text: string): number {
  const [, number = '', unit = 'ms'] = /^([\d.]+)\s*(ms|s|m)?$/.exec(text) ?? [];
  const scale = { ms: 1, s: 1000, m: 60_000 }[unit] ?? Number.NaN;
  if (Number(number) > 0) return Number(number) * scale;
  throw new InvalidArgumentError('Wanted a time above 0 such as 50ms, 0.2s or 5m.');
}
