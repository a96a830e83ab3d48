import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { compareWithCores, grantedCores } from '../app/cores.ts';
import { settingsFromEnvironment } from '../app/environment.ts';
import { makeLogger } from '../app/logger.ts';
import { listServedModels } from '../app/served-models.ts';
import { GalleyServer } from '../app/server.ts';
import { RealClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { loadConfig, mergeSettings } from '../config/load-config.ts';
import { LOG_LEVELS } from '../config/server-settings.ts';
import { SettingsError } from '../config/settings-problem.ts';
import { EXIT } from './exit-codes.ts';
import { showProgress } from './progress.ts';
import { welcome } from './welcome.ts';

interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** `galley serve`: everything from settings to the last child's end. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('serve a folder of models, or what a galley.yaml says')
    .argument('[folder or galley.yaml]', 'default: galley.yaml here, or else the folder models')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free one (default 8000)', parsePort)
    .addOption(new Option('--log-level <level>', 'lines below this level are not written').choices(LOG_LEVELS))
    .addOption(new Option('--log-format <format>', 'how log lines look').choices(['auto', 'json', 'pretty']))
    .action(async (path: string | undefined, flags: ServeFlags) => serve(path ?? defaultPath(), flags));
}

/** Without an argument: the settings here, or else the models here. */
export function defaultPath(): string {
  return !existsSync('galley.yaml') && existsSync('models') ? 'models' : '.';
}

async function serve(path: string, flags: ServeFlags): Promise<void> {
  const overrides = {
    host: flags.host,
    port: flags.port,
    log: { level: flags.logLevel, format: flags.logFormat },
  };
  const config = loadConfig(path, mergeSettings(settingsFromEnvironment(process.env), overrides));
  const log = await makeLogger(config.server.log, process.stderr.isTTY === true);
  const { problems, warnings } = compareWithCores(listServedModels(config), grantedCores());
  if (problems.length > 0) throw new SettingsError(problems);
  for (const warning of warnings) log.warn(warning);

  const random = seededRandom(randomBytes(16).toString('hex'));
  const server = new GalleyServer(config, { clock: new RealClock(), random, log });
  const endBySignal = endOnSignals(server);
  const startedAt = performance.now();
  await Promise.race([
    server.start((listening) => showProgress(listening.registry.all(), process.stdout)),
    // A signal during the start ends it; the rejected start is then no news.
    endBySignal,
  ]);
  if (server.health.phase === 'serving') {
    process.stdout.write(welcome(server, config, performance.now() - startedAt));
  }
  await endBySignal;
  process.exit(EXIT.ok);
}

/** The first signal drains, a second one hurries. Resolves when everything has ended. */
async function endOnSignals(server: GalleyServer): Promise<void> {
  await new Promise<void>((resolve) => {
    let hasCome = false;
    const onSignal = (): void => {
      if (hasCome) {
        server.hurry();
        return;
      }
      hasCome = true;
      void server.stop().then(resolve);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('wanted a whole number from 0 to 65535');
}
