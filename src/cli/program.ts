import { Command } from 'commander';
import { PACKAGE_VERSION } from '../app/machine/package-version.ts';
import { OperatorError } from '../base/errors.ts';
import type { StandbyProcesses } from '../process/gateway-side/standby-processes.ts';
import { addBench } from './bench-command.ts';
import { addCheck } from './check-command.ts';
import { EXIT } from './exit-codes.ts';
import { addImport } from './import-command.ts';
import { addInfer } from './infer-command.ts';
import { addLock } from './lock-command.ts';
import { addModelCommands } from './model-commands.ts';
import { addPlan } from './plan-command.ts';
import { addReplay } from './replay-command.ts';
import { addRoute } from './route-command.ts';
import { addRouteState } from './route-state-command.ts';
import { addScale } from './scale-command.ts';
import { addServe } from './serve-command.ts';
import { addSimulate } from './simulate-command.ts';

const EXIT_HELP = `
Exit codes:
  ${EXIT.ok}   success
  ${EXIT.failed}   invalid settings, model, file or port: the message says how to fix it;
      also a replay that differs, and a bench report that is void
  ${EXIT.usage}   invalid command or option
  ${EXIT.refused}   the server cannot be reached or refused the request;
      also a plan without a feasible combination
  ${EXIT.internal}  the server ended after an internal error: the log has its stack`;

/** Runs the command of `argv`. Commands load their modules when they run. */
export async function runProgram(
  argv: readonly string[],
  standby: StandbyProcesses | undefined,
): Promise<void> {
  const program = new Command('galley')
    .description(
      'Serves trained models: Open Inference Protocol, replicas, batching, warmup, health, metrics.',
    )
    .version(PACKAGE_VERSION)
    .showHelpAfterError('(run galley --help for the commands and options)')
    .addHelpText('after', EXIT_HELP);
  addServe(program, standby);
  addSimulate(program);
  addCheck(program);
  addLock(program);
  addImport(program);
  addInfer(program);
  addBench(program);
  addPlan(program);
  addReplay(program);
  addScale(program);
  addModelCommands(program);
  addRoute(program);
  addRouteState(program);
  // Commander reports help and version as errors with exit code 0.
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
