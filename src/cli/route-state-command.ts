import type { Command } from 'commander';
import { serverUrl } from './option-values.ts';
import type { RouteStateFlags } from './route-state.ts';

/** `galley experiment NAME`, and the commands that change it: promote, pause, resume. */
export function addRouteState(program: Command): void {
  add(program, 'experiment', 'print the experiment or the canary of a route of a running server').action(
    async (name: string, flags: RouteStateFlags) => {
      const { printRouteState } = await import('./route-state.ts');
      await printRouteState(name, flags);
    },
  );
  add(program, 'promote', 'give all traffic of a route to its canary, or to a variant of its experiment')
    .option('--variant <name>', 'the variant (default: the canary, or the one that is better)')
    .action(commanding('promote'));
  add(
    program,
    'pause',
    'keep the shares of a canary or an experiment as they are; broken gates still roll back',
  ).action(commanding('pause'));
  add(
    program,
    'resume',
    'let a canary or an experiment go on; one that has ended begins anew with its first shares',
  ).action(commanding('resume'));
}

function add(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument('<route>', 'name of the route')
    .option('--url <url>', 'address of the server', serverUrl, 'http://127.0.0.1:8000');
}

function commanding(action: 'promote' | 'pause' | 'resume') {
  return async (name: string, flags: RouteStateFlags) => {
    const { commandRoute } = await import('./route-state.ts');
    await commandRoute(name, action, flags);
  };
}
