import type { Command } from 'commander';
import { defaultPath } from './default-path.ts';

/** `galley check [folder | galley.yaml]` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('validate settings and open every model, without serving')
    .argument('[folder or galley.yaml]', 'default: galley.yaml here, or else the models here')
    .action(async (path: string | undefined) => {
      const { check } = await import('./check.ts');
      await check(path ?? defaultPath());
    });
}
