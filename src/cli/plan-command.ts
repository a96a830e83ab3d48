import { type Command, InvalidArgumentError } from 'commander';
import { defaultPath } from './default-path.ts';
import { durationMs } from './duration.ts';

/** `galley plan MODEL --rate 500 --objective 50ms` */
export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('measure a model, and find the fewest replicas and threads that hold an objective')
    .argument('<model>', 'name of the model')
    .argument('[folder or galley.yaml]', 'default: galley.yaml here, or else the models here')
    .requiredOption('--rate <number>', 'requests a second that will come', positive)
    .requiredOption(
      '--objective <time>',
      'by when answers should be there, for instance 50ms or 0.2s',
      durationMs,
    )
    .option('--percentile <number>', 'share of requests, in percent, that must be in time', percent, 99)
    .option('--cores <number>', 'cores that replicas may use; default: those that are granted', positive)
    .option('--json', 'print the figures as JSON')
    .action(async (model: string, path: string | undefined, flags) => {
      const { plan } = await import('./plan.ts');
      await plan(model, path ?? defaultPath(), flags);
    });
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`it is '${text}', wanted a number above 0`);
}

function percent(text: string): number {
  const value = positive(text);
  if (value >= 50 && value < 100) return value;
  throw new InvalidArgumentError(`it is '${text}', wanted a share in percent from 50 to below 100`);
}
