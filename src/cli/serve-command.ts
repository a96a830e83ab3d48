import { type Command, InvalidArgumentError, Option } from 'commander';
import type { StandbyProcesses } from '../process/gateway-side/replica-process.ts';
import { defaultPath } from './default-path.ts';
import type { ServeFlags } from './serve.ts';

/** `galley serve [folder | galley.yaml]` */
export function addServe(program: Command, standby: StandbyProcesses | undefined): void {
  program
    .command('serve')
    .description('serve a folder of models, or what a galley.yaml says')
    .argument('[folder or galley.yaml]', 'default: galley.yaml here, or else the models here')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any free one (default 8000)', parsePort)
    .addOption(
      new Option('--log-level <level>', 'lines below this level are not written').choices(
        'trace debug info warn error fatal silent'.split(' '),
      ),
    )
    .addOption(new Option('--log-format <format>', 'how log lines look').choices(['auto', 'json', 'pretty']))
    .option('--record <file>', 'write the flight recording there at the end, for galley replay')
    .option('--strict', 'end with exit code 1 when a model cannot be served, instead of serving the others')
    .action(async (path: string | undefined, flags: ServeFlags) => {
      const { serve } = await import('./serve.ts');
      await serve(path ?? defaultPath(), flags, standby);
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('wanted a whole number from 0 to 65535');
}
