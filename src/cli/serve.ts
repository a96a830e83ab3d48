import { resolve } from 'node:path';
import { settingsFromEnvironment } from '../app/machine/environment.ts';
import { makeLogger } from '../app/machine/logger.ts';
import { realPorts } from '../app/real-ports.ts';
import { GalleyServer } from '../app/server.ts';
import { loadConfig, mergeSettings } from '../config/load-config.ts';
import type { StandbyProcesses } from '../process/gateway-side/standby-processes.ts';
import { banner } from './banner.ts';
import { EXIT } from './exit-codes.ts';
import { endOnUncaughtErrors } from './last-resort.ts';
import { showProgress } from './progress.ts';
import { whenOrphaned } from './when-orphaned.ts';

/** Options of `galley serve`; they override the environment and galley.yaml. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly record?: string;
  readonly strict?: boolean;
  readonly watch?: boolean;
}

/** Runs a server until a signal ends it; exits the process when no replica process is left. */
export async function serve(
  path: string,
  flags: ServeFlags,
  standby: StandbyProcesses | undefined,
): Promise<void> {
  const overrides = {
    host: flags.host,
    port: flags.port,
    log: { level: flags.logLevel, format: flags.logFormat },
    watch: { enabled: flags.watch },
  };
  const read = () => loadConfig(path, mergeSettings(settingsFromEnvironment(process.env), overrides));
  const config = read();
  const log = await makeLogger(config.server.log, process.stderr.isTTY === true);
  const ports = { ...realPorts(config, log), read };
  const server = new GalleyServer(config, standby === undefined ? ports : { ...ports, standby });
  endOnUncaughtErrors(server, log);
  const ended = endOnSignals(server);
  process.on('SIGUSR2', () => server.operations.writeRecording());
  process.on('SIGHUP', () => void server.control.reload());
  const startedAt = performance.now();
  const endProgress = showProgress(server.registry.all(), process.stdout);
  try {
    await server.start({ strict: flags.strict === true });
    endProgress();
    process.stdout.write(banner(server, config, performance.now() - startedAt));
  } catch (caught) {
    endProgress();
    // A start that a signal interrupts has not failed.
    if (!ended.isAsked()) throw caught;
  }
  await ended.whenEnded;
  if (flags.record !== undefined) server.operations.writeRecordingNow(resolve(flags.record));
  process.exit(EXIT.ok);
}

/** The first signal drains the server, a second one ends the grace period. */
function endOnSignals(server: GalleyServer): {
  readonly isAsked: () => boolean;
  readonly whenEnded: Promise<void>;
} {
  let isAsked = false;
  const whenEnded = new Promise<void>((resolve) => {
    const onSignal = (): void => {
      if (isAsked) {
        server.expedite();
        return;
      }
      isAsked = true;
      void server.stop().then(resolve);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    whenOrphaned(process.env, onSignal);
  });
  return {
    isAsked: () => isAsked,
    whenEnded,
  };
}
