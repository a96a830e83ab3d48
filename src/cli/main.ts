#!/usr/bin/env node
import { Command } from 'commander';
import { OperatorError } from '../base/errors.ts';
import { PACKAGE_VERSION } from '../app/package-version.ts';
import { addBench } from './bench.ts';
import { addCheck } from './check.ts';
import { EXIT } from './exit-codes.ts';
import { addInfer } from './infer.ts';
import { addServe } from './serve.ts';

const EXIT_HELP = `
Exit codes:
  ${EXIT.ok}  it worked
  ${EXIT.failed}  settings, a model file or the port are not as they must be; the message says what to mend
  ${EXIT.usage}  a wrong command or flag
  ${EXIT.refused}  the server could not be reached, or said no`;

const program = new Command('galley')
  .description('Serves trained models: Open Inference Protocol, replicas, batching, warmup, health, metrics.')
  .version(PACKAGE_VERSION)
  .showHelpAfterError('(galley --help lists what there is)')
  .addHelpText('after', EXIT_HELP)
  .exitOverride((error) => {
    // Help and version are no errors, whatever the library calls them.
    process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  });

addServe(program);
addCheck(program);
addInfer(program);
addBench(program);
for (const command of program.commands) command.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));

try {
  await program.parseAsync();
} catch (caught) {
  if (caught instanceof OperatorError) {
    for (const line of caught.message.split('\n')) console.error(`galley: ${line}`);
  } else {
    console.error(caught);
  }
  process.exit(EXIT.failed);
}
