#!/usr/bin/env node
import { replicaEnvironment } from '../process/gateway-side/replica-environment.ts';
import { StandbyProcesses } from '../process/gateway-side/replica-process.ts';

/** One: the first replica has the second core for itself while the gateway comes up on the first. */
const STANDBY_PROCESSES = 1;

// The first replicas start before anything else is even read: what the gateway needs to know its settings takes as
// long as they need to come up. They end by themselves when this process does, whatever becomes of it.
const standby =
  process.argv[2] === 'serve'
    ? new StandbyProcesses(STANDBY_PROCESSES, replicaEnvironment(process.env))
    : undefined;
const { runProgram } = await import('./program.ts');
await runProgram(process.argv, standby);
