import type { Command } from 'commander';
import { defaultPath } from './default-path.ts';
import type { LockFlags } from './lock.ts';

/** `galley lock [folder | galley.yaml]` */
export function addLock(program: Command): void {
  program
    .command('lock')
    .description(
      'write galley.lock with the SHA-256 of the files of every version; from then on, only these files are served',
    )
    .argument(
      '[folder or galley.yaml]',
      'default: galley.yaml in the current folder; without it, the models there',
    )
    .option('--check', 'compare the files with galley.lock, list the differences and change nothing')
    .action(async (path: string | undefined, flags: LockFlags) => {
      const { lock } = await import('./lock.ts');
      await lock(path ?? defaultPath(), flags);
    });
}
