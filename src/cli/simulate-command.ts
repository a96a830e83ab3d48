import { type Command, InvalidArgumentError } from 'commander';
import { durationMs, positive } from './option-values.ts';
import type { SimulateFlags } from './simulate.ts';

/** `galley simulate --trace FILE --service 20ms` */
export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description(
      'run a trace or a flight recording through the scheduler and the autoscaler, in virtual time',
    )
    .option('--trace <file>', 'CSV with t_s (arrival times in seconds), count (requests per step), or both')
    .option('--recording <file>', 'flight recording of a server; its service times and settings are used')
    .option('--rate <number>', 'requests a second, Poisson arrivals, instead of a file', positive)
    .option('--duration <time>', 'with --rate: length of the traffic', durationMs, 600_000)
    .option('--config <file>', 'settings file; its entry of --model is used')
    .option('--model <name>', 'model of the settings file or of the recording')
    .option('--service <time>', 'time of a batch of one row', durationMs)
    .option('--row <time>', 'time that each further row of a batch adds (default: as --service)', durationMs)
    .option('--variation <number>', 'coefficient of variation of these times', positive, 0.3)
    .option('--start <time>', 'time from the start of a replica to its readiness', durationMs)
    .option('--within <time>', 'limit that counts as in time (default: the objective)', durationMs)
    .option('--step <seconds>', 'length of a row of a trace without t_s', positive, 1)
    .option('--scale <number>', 'requests per request of the trace', positive, 1)
    .option('--set <setting=value...>', 'other model settings, for instance autoscaling.maxReplicas=6')
    .option('--compare <names>', 'other policies on the same traffic: static, hpa, kpa, ray and others', list)
    .option('--seed <text>', 'seed of all random numbers', 'galley')
    .option('--svg <file>', 'write a plot of load, replicas and latency')
    .option('--json', 'print the results as JSON')
    .action(async (flags: SimulateFlags) => {
      const { simulate } = await import('./simulate.ts');
      await simulate(flags);
    });
}

function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Wanted names separated by commas, such as hpa,kpa.');
}
