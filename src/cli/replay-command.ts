import type { Command } from 'commander';
import type { ReplayFlags } from './replay.ts';

/** `galley replay FILE` */
export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('live through a flight recording again: the same inputs must lead to the same decisions')
    .argument('<file>', 'recording, as written on SIGUSR2, with --record, or by GET /admin/recording')
    .option('--steps', 'print every input and every decision in words')
    .option(
      '--set <setting=value...>',
      'settings of the models to try instead, for instance batching.maxBatchSize=8: shows what would have happened',
    )
    .action(async (file: string, flags: ReplayFlags) => {
      const { replayFile } = await import('./replay.ts');
      replayFile(file, flags);
    });
}
