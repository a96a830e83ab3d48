import type { Command } from 'commander';

/** `galley import <config.pbtxt>` */
export function addImport(program: Command): void {
  program
    .command('import')
    .description(
      'print the model.yaml that is equal to a model configuration of Triton, with a comment for what is ignored or differs',
    )
    .argument('<config.pbtxt>', 'the configuration')
    .action(async (file: string) => {
      const { importConfig } = await import('./import.ts');
      process.stdout.write(importConfig(file));
    });
}
