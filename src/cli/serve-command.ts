import { type Command, InvalidArgumentError, Option } from 'commander';
import type { StandbyProcesses } from '../process/gateway-side/standby-processes.ts';
import { defaultPath } from './default-path.ts';
import type { ServeFlags } from './serve.ts';

/** `galley serve [folder | galley.yaml]` */
export function addServe(program: Command, standby: StandbyProcesses | undefined): void {
  program
    .command('serve')
    .description('serve the models of a folder or of a galley.yaml')
    .argument(
      '[folder or galley.yaml]',
      'default: galley.yaml in the current folder; without it, the models there',
    )
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free port (default 8000)', parsePort)
    .addOption(
      new Option('--log-level <level>', 'lowest level of log lines to write').choices(
        'trace debug info warn error fatal silent'.split(' '),
      ),
    )
    .addOption(new Option('--log-format <format>', 'format of log lines').choices(['auto', 'json', 'pretty']))
    .option('--record <file>', 'write the flight recording to this file at the end, for galley replay')
    .option('--strict', 'exit with code 1 when a model cannot be served, instead of serving the others')
    .option('--watch', 'apply changes of models and settings while the server runs (default: on SIGHUP)')
    .action(async (path: string | undefined, flags: ServeFlags) => {
      const { serve } = await import('./serve.ts');
      await serve(path ?? defaultPath(), flags, standby);
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('Wanted a whole number from 0 to 65535.');
}
