import { type Command, InvalidArgumentError } from 'commander';
import { durationMs, serverUrl } from './option-values.ts';
import type { ScaleFlags } from './scale.ts';

/** `galley scale MODEL N` */
export function addScale(program: Command): void {
  program
    .command('scale')
    .description(
      'set the number of replicas of a model on a running server, or let it follow the settings again',
    )
    .argument('<model>', 'name of the model')
    .argument('<replicas>', 'number of replicas, or auto to end an earlier command', replicas)
    .option('--for <time>', 'how long the number holds, such as 30m (default: until auto)', durationMs)
    .option('--threads <n>', 'compute threads per replica; replicas are replaced one by one', threads)
    .option('--url <url>', 'address of the server', serverUrl, 'http://127.0.0.1:8000')
    .option('--model-version <number>', 'version of the model (default: the highest ready version)')
    .action(async (model: string, wanted: string, flags: ScaleFlags) => {
      const { scale } = await import('./scale.ts');
      await scale(model, wanted, flags);
    });
}

function replicas(text: string): string {
  if (text === 'auto' || /^[1-9]\d{0,3}$/.test(text)) return text;
  throw new InvalidArgumentError('Wanted a whole number from 1 to 1000, or auto.');
}

function threads(text: string): string {
  if (/^[1-9]\d{0,2}$/.test(text)) return text;
  throw new InvalidArgumentError('Wanted a whole number of at least 1.');
}
