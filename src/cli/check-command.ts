import type { Command } from 'commander';
import type { CheckFlags } from './check.ts';
import { defaultPath } from './default-path.ts';
import { durationMs } from './option-values.ts';

/** `galley check [folder | galley.yaml]` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description(
      'check settings and models without opening the port: read the settings, load and warm up every model',
    )
    .argument(
      '[folder or galley.yaml]',
      'default: galley.yaml in the current folder; without it, the models there',
    )
    .option('--timeout <time>', 'how long the models may take to become ready', durationMs, 300_000)
    .action(async (path: string | undefined, flags: CheckFlags) => {
      const { check } = await import('./check.ts');
      await check(path ?? defaultPath(), flags);
    });
}
