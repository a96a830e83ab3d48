import { type Logger, pino } from 'pino';
import type { ServerSettings } from '../../config/server-settings.ts';

/** A logger on stderr: pretty on a terminal, else JSON lines; stdout is for results. */
export async function makeLogger(
  { level, format }: ServerSettings['log'],
  isTerminal: boolean,
): Promise<Logger> {
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const options = { level: level ?? (isTerminal ? 'warn' : 'info'), base: null };
  if (!isPretty) return pino(options, pino.destination({ dest: 2, sync: false }));
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ destination: 2, sync: true, translateTime: 'HH:MM:ss.l', singleLine: true }));
}
