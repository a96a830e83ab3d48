import type { Command } from 'commander';
import type { CheckFlags } from './check.ts';
import { defaultPath } from './default-path.ts';
import { durationMs } from './duration.ts';

/** `galley check [folder | galley.yaml]` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'do everything that serving does before the port is opened: read the settings, load and warm up every model',
    )
    .argument('[folder or galley.yaml]', 'default: galley.yaml here, or else the models here')
    .option('--timeout <time>', 'how long the models may take to be ready', durationMs, 300_000)
    .action(async (path: string | undefined, flags: CheckFlags) => {
      const { check } = await import('./check.ts');
      await check(path ?? defaultPath(), flags);
    });
}
