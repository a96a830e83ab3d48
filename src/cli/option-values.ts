import { InvalidArgumentError } from 'commander';

/** Parses a time of the command line, such as `0.2s`, to ms. */
export function durationMs(text: string): number {
  const [, number = '', unit = 'ms'] = /^([\d.]+)\s*(ms|s|m)?$/.exec(text) ?? [];
  const scale = { ms: 1, s: 1000, m: 60_000 }[unit] ?? Number.NaN;
  if (Number(number) > 0) return Number(number) * scale;
  throw new InvalidArgumentError('Wanted a time above 0 such as 50ms, 0.2s or 5m.');
}

export function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Wanted a number above 0.');
}

/** Completes a server address to a URL: `localhost:8000` means http. */
export function serverUrl(text: string): string {
  return text.includes('://') ? text : `http://${text}`;
}
