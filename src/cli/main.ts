#!/usr/bin/env node
import { replicaEnvironment } from '../process/gateway-side/replica-environment.ts';
import { StandbyProcesses } from '../process/gateway-side/standby-processes.ts';

/** One: the first replica starts on a second core while the gateway starts on the first. */
const STANDBY_PROCESSES = 1;

// The first replica processes start before the gateway loads its modules and settings, which takes as long as their
// start. They end by themselves when this process ends, for any reason.
const standby =
  process.argv[2] === 'serve'
    ? new StandbyProcesses(STANDBY_PROCESSES, replicaEnvironment(process.env))
    : undefined;
const { runProgram } = await import('./program.ts');
await runProgram(process.argv, standby);
