import { InvalidArgumentError } from 'commander';

/** A time on the command line, in ms. */
export function durationMs(text: string): number {
  const [, number = '', unit = 'ms'] = /^([\d.]+)\s*(ms|s|m)?$/.exec(text) ?? [];
  const scale = { ms: 1, s: 1000, m: 60_000 }[unit] ?? Number.NaN;
  if (Number(number) > 0) return Number(number) * scale;
  throw new InvalidArgumentError(`it is '${text}', wanted a time such as 50ms, 0.2s or 5m`);
}
