import type { Command } from 'commander';
import type { InferFlags } from './infer.ts';
import { serverUrl } from './option-values.ts';

/** `galley infer MODEL --input FILE` */
export function addInfer(program: Command): void {
  program
    .command('infer')
    .description('send one inference request to a running server and print the answer')
    .argument('<model>', 'name of the model')
    .requiredOption(
      '--input <file>',
      'request body as JSON, or a PNG for a model with image settings; - for stdin',
    )
    .option('--url <url>', 'address of the server', serverUrl, 'http://127.0.0.1:8000')
    .option('--model-version <number>', 'version of the model (default: the highest ready version)')
    .option('--json', 'print the answer as JSON')
    .action(async (model: string, flags: InferFlags) => {
      const { infer } = await import('./infer.ts');
      await infer(model, flags);
    });
}
