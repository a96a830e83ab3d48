import type { Logger } from 'pino';
import type { GalleyServer } from '../app/server.ts';
import { EXIT } from './exit-codes.ts';

/**
 * What becomes of an error that nothing has contained: nobody knows what state it has left. It is logged, the flight
 * recording is written, what was admitted is finished, and the process ends with a code of its own. A second one ends it
 * at once.
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
  process.on('uncaughtException', end('uncaught error: finishing what was admitted, then ending'));
  process.on('unhandledRejection', end('unhandled rejection: finishing what was admitted, then ending'));
}
