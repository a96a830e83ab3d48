import type { Command } from 'commander';
import { serverUrl } from './option-values.ts';

interface Flags {
  readonly url: string;
  readonly dependents?: true;
}

/** `galley load|unload|rollout|rollback MODEL`, on a running server. */
export function addModelCommands(program: Command): void {
  const add = (name: string, description: string, what = 'name of the model') =>
    program
      .command(name)
      .description(description)
      .argument('<name>', what)
      .option('--url <url>', 'address of the server', serverUrl, 'http://127.0.0.1:8000');
  add('load', 'load a model, or load it anew, on a running server; returns when it serves').action(
    async (model: string, { url }: Flags) => command(url, model, 'load'),
  );
  add('unload', 'finish the requests of a model and end its replicas; it stays unloaded until galley load')
    .option('--dependents', 'also unload the models that it calls and no other model does')
    .action(async (model: string, { url, dependents }: Flags) =>
      command(url, model, dependents === true ? 'unload?dependents=true' : 'unload'),
    );
  add('rollout', 'serve a version of a model in place of the present one, without losing a request')
    .argument('[version]', 'number of the version (default: the versions of the settings)')
    .action(async (model: string, version: string | undefined, { url }: Flags) =>
      command(
        url,
        model,
        version === undefined ? 'rollout' : `rollout?version=${encodeURIComponent(version)}`,
      ),
    );
  add(
    'rollback',
    'serve the version of a model before the present one again, which is instant with rollout.keepPrevious; of a route: give all traffic to the control',
    'name of the model or the route',
  ).action(async (name: string, { url }: Flags) => {
    const { rollBack } = await import('./rollback.ts');
    await rollBack(url, name);
  });
}

async function command(url: string, model: string, action: string): Promise<void> {
  const { commandModel } = await import('./model-command.ts');
  await commandModel(url, model, action);
}
