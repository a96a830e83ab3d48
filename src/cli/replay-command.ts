import type { Command } from 'commander';
import type { ReplayFlags } from './replay.ts';

/** `galley replay FILE` */
export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('replay a flight recording and check that the same inputs lead to the same decisions')
    .argument('<file>', 'recording written by SIGUSR2, by serve --record, or by GET /admin/recording')
    .option('--steps', 'print every input and every decision')
    .option(
      '--set <setting=value...>',
      'simulate the recorded requests with other model settings, for instance batching.maxBatchSize=8',
    )
    .action(async (file: string, flags: ReplayFlags) => {
      const { replayFile } = await import('./replay.ts');
      replayFile(file, flags);
    });
}
