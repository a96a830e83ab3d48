import type { Logger } from 'pino';
import type { GalleyServer } from '../app/server.ts';
import { EXIT } from './exit-codes.ts';

/**
 * Handles an uncaught error, after which the state of the process is unknown: logs it, writes the flight recording,
 * finishes admitted requests, and exits with code 70. A second uncaught error exits at once.
 */
export function endOnUncaughtErrors(server: GalleyServer, log: Logger): void {
  let isEnding = false;
  const end = (how: string) => (error: unknown) => {
    log.fatal({ err: error }, how);
    if (isEnding) process.exit(EXIT.internal);
    isEnding = true;
    server.operations.writeRecording();
    void server.stop().finally(() => process.exit(EXIT.internal));
  };
  process.on('uncaughtException', end('uncaught error: the server finishes admitted requests and exits'));
  process.on(
    'unhandledRejection',
    end('unhandled rejection: the server finishes admitted requests and exits'),
  );
}
