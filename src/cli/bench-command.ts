import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BenchFlags } from './bench.ts';
import { durationMs, positive, serverUrl } from './option-values.ts';

/** `galley bench MODEL` */
export function addBench(program: Command): void {
  program
    .command('bench')
    .description(
      'measure a running server: closed loop, open loop, or the highest rate within a latency limit',
    )
    .argument('<model>', 'name of the model')
    .option('--url <url>', 'address of the server', serverUrl, 'http://127.0.0.1:8000')
    .option('--model-version <number>', 'version of the model (default: the highest ready version)')
    .option(
      '--input <file>',
      'request body as JSON (default: generated from the metadata, sent as binary data)',
    )
    .option('--concurrency <n>', 'closed loop: number of clients, each waits for its answer', parseCount, 16)
    .option(
      '--rate <n>',
      'open loop: requests a second, Poisson arrivals, latency measured from the scheduled time',
      positive,
    )
    .addOption(timeOption('--duration <time>', 'how long to measure', 10_000, '10s'))
    .addOption(timeOption('--warmup <time>', 'how long to send load before the measurement', 2_000, '2s'))
    .addOption(
      timeOption('--timeout <time>', 'a request without an answer after this time has failed', 10_000, '10s'),
    )
    .option('--find-max-rate', 'search for the highest rate with a p99 latency within --p99')
    .addOption(timeOption('--p99 <time>', 'p99 latency limit of --find-max-rate', 50, '50ms'))
    .option('--json', 'print the report as JSON')
    .action(async (model: string, flags: BenchFlags) => {
      const { bench } = await import('./bench.ts');
      await bench(model, flags);
    });
}

/** A duration option in ms; help shows the default as `shown`. */
function timeOption(flags: string, description: string, defaultMs: number, shown: string): Option {
  return new Option(flags, description).argParser(durationMs).default(defaultMs, shown);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('Wanted a whole number of at least 1.');
}
