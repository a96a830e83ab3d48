import type { Command } from 'commander';
import type { InferFlags } from './infer.ts';
import { serverUrl } from './server-url.ts';

/** `galley infer MODEL --input FILE` */
export function addInfer(program: Command): void {
  program
    .command('infer')
    .description('ask a running server for one prediction')
    .argument('<model>', 'name of the model')
    .requiredOption(
      '--input <file>',
      'request body as JSON, or a PNG for a model with image settings; - reads stdin',
    )
    .option('--url <url>', 'where the server is', serverUrl, 'http://127.0.0.1:8000')
    .option('--model-version <number>', 'default: the highest that is ready')
    .option('--json', "print the server's JSON as it is")
    .action(async (model: string, flags: InferFlags) => {
      const { infer } = await import('./infer.ts');
      await infer(model, flags);
    });
}
