import { Command } from 'commander';
import { PACKAGE_VERSION } from '../app/package-version.ts';
import { OperatorError } from '../base/errors.ts';
import type { StandbyProcesses } from '../process/gateway-side/replica-process.ts';
import { addBench } from './bench-command.ts';
import { addCheck } from './check-command.ts';
import { EXIT } from './exit-codes.ts';
import { addInfer } from './infer-command.ts';
import { addPlan } from './plan-command.ts';
import { addReplay } from './replay-command.ts';
import { addServe } from './serve-command.ts';

const EXIT_HELP = `
Exit codes:
  ${EXIT.ok}  it worked
  ${EXIT.failed}  settings, a model file or the port are not as they must be; the message says what to mend
  ${EXIT.usage}  a wrong command or flag
  ${EXIT.refused}  the server could not be reached, or said no`;

/** Reads the command line and does what it says. Commands load what they need when they are called. */
export async function runProgram(
  argv: readonly string[],
  standby: StandbyProcesses | undefined,
): Promise<void> {
  const program = new Command('galley')
    .description(
      'Serves trained models: Open Inference Protocol, replicas, batching, warmup, health, metrics.',
    )
    .version(PACKAGE_VERSION)
    .showHelpAfterError('(galley --help lists what there is)')
    .addHelpText('after', EXIT_HELP);
  addServe(program, standby);
  addCheck(program);
  addInfer(program);
  addBench(program);
  addPlan(program);
  addReplay(program);
  // Help and version are no errors, whatever the library calls them.
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
  }
  try {
    await program.parseAsync(argv);
  } catch (caught) {
    if (caught instanceof OperatorError)
      for (const line of caught.message.split('\n')) console.error(`galley: ${line}`);
    else console.error(caught);
    process.exit(EXIT.failed);
  }
}
