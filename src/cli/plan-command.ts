import { type Command, InvalidArgumentError } from 'commander';
import { defaultPath } from './default-path.ts';
import { durationMs, positive } from './option-values.ts';

/** `galley plan MODEL --rate 500 --objective 50ms` */
export function addPlan(program: Command): void {
  program
    .command('plan')
    .description('measure a model and find the fewest replicas and threads that meet a latency objective')
    .argument('<model>', 'name of the model')
    .argument(
      '[folder or galley.yaml]',
      'default: galley.yaml in the current folder; without it, the models there',
    )
    .requiredOption('--rate <number>', 'expected requests a second', positive)
    .requiredOption('--objective <time>', 'latency objective, for instance 50ms or 0.2s', durationMs)
    .option(
      '--percentile <number>',
      'share of requests, in percent, that must meet the objective',
      percent,
      99,
    )
    .option(
      '--cores <number>',
      'cores that replicas may use (default: all cores available to this process)',
      positive,
    )
    .option('--json', 'print the measurements as JSON')
    .action(async (model: string, path: string | undefined, flags) => {
      const { plan } = await import('./plan.ts');
      await plan(model, path ?? defaultPath(), flags);
    });
}

function percent(text: string): number {
  const value = positive(text);
  if (value >= 50 && value < 100) return value;
  throw new InvalidArgumentError('Wanted a percentage of at least 50 and below 100.');
}
